-- The cameras whose pictures show a register: the one that the settings name, and those before it.
create or replace view core.cameras as
select register_id, meter, camera, timezone, 'infinity'::timestamptz as until_at
from core.registers
union all
select f.register_id, g.meter, f.camera, g.timezone, f.until_at
from core.former_cameras f
join core.registers g using (register_id);
comment on view core.cameras is 'the cameras whose pictures show a register; pictures taken before until_at do';

-- Where none of a meter's registers is configured any more, one of the former ones stands for it.
create or replace view core.first_registers as
select register_id, meter, camera, obis_code, timezone
from core.registers
qualify row_number() over (partition by meter order by place nulls last, obis_code) = 1;
comment on view core.first_registers is 'the register that report and proof of a meter show: the first one of the settings';
