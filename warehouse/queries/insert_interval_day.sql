insert into core.interval_day by name
with decided as (
    select
        (r.read_at at time zone g.timezone)::date as local_date,
        count(*) as n_readings,
        count(*) filter (r.quality <> 'rejected') as n_accepted,
        count(*) filter (r.quality = 'repaired') as n_repaired
    from core.register_readings r
    join core.registers g using (register_id)
    where r.register_id = $register_id
        and ($since::timestamptz is null or r.read_at >= $since::timestamptz)
    group by 1
)
select
    $register_id as register_id,
    incoming.*,
    coalesce(d.n_readings, 0) as n_readings,
    coalesce(d.n_accepted, 0) as n_accepted,
    coalesce(d.n_repaired, 0) as n_repaired
from incoming
left join decided d using (local_date);
