-- Energy, covered hours, base load and peak of every local day of a meter's first register; an estimated quarter of an
-- hour proves no peak.
with peaks as (
    select local_date, max(energy_wh) * 4 as peak_w
    from core.interval_15min
    where register_id = (select register_id from core.first_registers where meter = $meter)
        and quality <> 'estimated'
        and date_diff('second', start_at, end_at) = 900
    group by local_date
)
select
    d.local_date,
    d.energy_wh / 1000 as energy_kwh,
    d.estimated_wh / 1000 as estimated_kwh,
    d.covered_s / 3600 as hours,
    d.base_load_w::bigint as base_load_w,
    p.peak_w::bigint as peak_w
from core.interval_day d
left join peaks p using (local_date)
where d.register_id = (select register_id from core.first_registers where meter = $meter)
order by d.local_date;
