-- Where none of a meter's registers is configured any more, one of the former ones stands for it.
create or replace view core.first_registers as
select register_id, meter, camera, obis_code, timezone
from core.registers
qualify row_number() over (partition by meter order by place nulls last, obis_code) = 1;
comment on view core.first_registers is 'the register that report and proof of a meter show: the first one of the settings';
