-- The newest accepted reading of a meter's first register, in local time.
select
    r.read_at at time zone g.timezone as read_local,
    r.value_wh / 1000 as value_kwh,
    r.picture_key,
    r.quality::varchar as quality
from core.register_readings r
join core.registers g using (register_id)
where g.register_id = (select register_id from core.registers where meter = $meter order by obis_code limit 1)
    and r.quality <> 'rejected'
order by r.read_at desc, r.picture_key
limit 1;
