-- The five highest quarter hours of every month of a meter's first register.
select month_start, rank, peak_local, peak_w::bigint as peak_w
from out.peaks
where meter = $meter
    and obis_code = (select obis_code from core.first_registers where meter = $meter)
order by month_start, rank;
