-- The cameras whose pictures show a register: the one that the settings name, and those before it.
create or replace view core.cameras as
select register_id, meter, camera, timezone, 'infinity'::timestamptz as until_at
from core.registers
union all
select f.register_id, g.meter, f.camera, g.timezone, f.until_at
from core.former_cameras f
join core.registers g using (register_id);
comment on view core.cameras is 'the cameras whose pictures show a register; pictures taken before until_at do';
