-- The newest local day that the readings cover from midnight to midnight (is_full), else the newest day there is.
select
    d.local_date,
    d.n_accepted > 0
        and ((d.start_at - interval 1 microsecond) at time zone g.timezone)::date < d.local_date
        and (d.end_at at time zone g.timezone)::date > d.local_date
        and d.covered_s = date_diff('second', d.start_at, d.end_at) as is_full
from core.interval_day d
join core.registers g using (register_id)
where g.register_id = (select register_id from core.first_registers where meter = $meter)
order by is_full desc, d.local_date desc
limit 1;
