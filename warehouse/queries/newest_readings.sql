-- The newest pictures of a register with what became of them.
select
    strftime(r.read_at at time zone g.timezone, '%Y-%m-%d %H:%M:%S') as taken,
    (r.value_wh / 1000)::decimal(14, 3)::varchar as kwh,
    r.quality::varchar as quality,
    r.reason,
    r.recognised_text as read_as,
    r.picture_key as picture
from core.register_readings r
join core.registers g using (register_id)
where r.register_id = $register_id
order by r.read_at desc, r.picture_key
limit $limit;
