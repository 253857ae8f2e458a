-- The base load of every night of a meter's first register, with the median of 14 days.
select
    local_date,
    base_load_w::bigint as base_load_w,
    base_load_uncertainty_w::bigint as base_load_uncertainty_w,
    usual_w::bigint as usual_w,
    usual_uncertainty_w::bigint as usual_uncertainty_w
from out.base_load
where meter = $meter
    and obis_code = (select obis_code from core.first_registers where meter = $meter)
order by local_date;
