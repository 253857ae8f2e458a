-- The newest accepted reading of a meter's first register, in local time.
with newest as (
    select read_local, value_wh, picture_key, quality
    from core.register_readings
    where register_id = (select register_id from core.first_registers where meter = $meter)
        and quality not in ('rejected', 'estimated')
    order by read_at desc
    limit 1
)
select
    read_local,
    value_wh / 1000 as value_kwh,
    case when picture_key not like 'manual/%' then picture_key end as picture_key,
    quality::varchar as quality
from newest;
