select register_id, meter, camera, obis_code, digits, decimals, max_power_w, timezone
from core.registers
order by register_id;
