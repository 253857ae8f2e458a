-- Energy, covered hours, base load and peak of every local day of a meter's first register.
select
    d.local_date,
    d.energy_wh / 1000 as energy_kwh,
    d.estimated_wh / 1000 as estimated_kwh,
    d.covered_s / 3600 as hours,
    d.base_load_w::bigint as base_load_w,
    d.peak_w::bigint as peak_w
from core.interval_day d
where d.register_id = (select register_id from core.first_registers where meter = $meter)
order by d.local_date;
