-- Mean power of every local hour of a month; hours that are mostly estimated are left out.
select
    local_date,
    (local_minute // 60)::bigint as hour,
    round(sum(energy_wh) * 3600 / sum(epoch_us(end_at) // 1000000 - epoch_us(start_at) // 1000000))::bigint as mean_w
from core.interval_15min
where register_id = (select register_id from core.first_registers where meter = $meter)
    and start_at >= $month_start::date::timestamptz - interval 1 day
    and start_at < $month_start::date::timestamptz + interval 33 day
    and date_trunc('month', local_date) = $month_start::date
group by local_date, local_minute // 60
having count(*) filter (quality = 'estimated') * 2 <= count(*)
order by local_date, hour;
