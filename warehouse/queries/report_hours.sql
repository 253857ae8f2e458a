-- Mean power of every local hour of the newest 366 days; the hour repeated in autumn is one hour here.
-- Hours that are mostly estimated are left out: their energy is certain, their time is not.
with quarter_hours as (
    select local_date, local_minute // 60 as hour, start_at, end_at, energy_wh, quality
    from core.interval_15min
    where register_id = (select register_id from core.first_registers where meter = $meter)
)
select
    local_date,
    hour::bigint as hour,
    round(sum(energy_wh) * 3600 / sum(epoch_us(end_at) // 1000000 - epoch_us(start_at) // 1000000))::bigint as mean_w
from quarter_hours
where local_date > (select max(local_date) from quarter_hours) - 366
group by local_date, hour
having count(*) filter (quality = 'estimated') * 2 <= count(*)
order by local_date, hour;
