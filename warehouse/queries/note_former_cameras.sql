-- Runs before the registers are merged: the camera that the settings name no more keeps the pictures it gave.
insert into core.former_cameras
select
    k.register_id,
    k.camera,
    greatest(now(), coalesce((
        select max(p.taken_at) + interval 1 second from raw.pictures p where p.camera = k.camera and p.reason is null
    ), now()))
from core.registers k
join incoming n using (register_id)
where k.camera <> n.camera;
