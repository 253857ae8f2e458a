-- Runs after the former cameras are noted and before the registers are merged: a new register whose camera was moved to
-- it from another meter had none before, and gets none of its earlier pictures. A meter that only has another name (its
-- former one has no other camera now) keeps its camera's past.
insert into core.former_cameras
select n.register_id, '', max(f.until_at)
from incoming n
join core.former_cameras f on f.camera = n.camera
join core.registers k on k.register_id = f.register_id and k.meter <> n.meter
left join incoming now_there on now_there.register_id = f.register_id
where n.register_id not in (select register_id from core.registers)
    and coalesce(now_there.camera, k.camera) <> n.camera
group by n.register_id;
