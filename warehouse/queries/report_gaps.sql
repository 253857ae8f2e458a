-- Stretches without readings of a meter's first register, of the newest 366 days.
with found as (
    from out.gaps
    where meter = $meter and obis_code = (select obis_code from core.first_registers where meter = $meter)
)
select start_local, end_local, hours::double as hours, energy_kwh::double as energy_kwh
from found
where start_local > (select max(end_local) from found) - interval 366 day
order by start_local;
