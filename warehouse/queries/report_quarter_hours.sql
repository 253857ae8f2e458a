-- The quarter hours of the newest 120 days of a meter's first register.
with quarter_hours as (
    from core.interval_15min
    where register_id = (select register_id from core.first_registers where meter = $meter)
)
select
    local_date,
    local_minute::bigint as minute,
    energy_wh,
    round(energy_wh * 3600 / (epoch_us(end_at) // 1000000 - epoch_us(start_at) // 1000000))::bigint as mean_w,
    quality::varchar as quality
from quarter_hours
where local_date > (select max(local_date) from quarter_hours) - 120
order by start_at;
