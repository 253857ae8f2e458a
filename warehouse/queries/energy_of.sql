-- The energy of all interval data of a meter's first register.
select sum(energy_wh)::bigint as energy_wh
from core.interval_15min
where register_id = (select register_id from core.first_registers where meter = $meter);
