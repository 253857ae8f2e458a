-- A camera that the settings name again is no former one.
delete from core.former_cameras f
using incoming n
where f.register_id = n.register_id and f.camera = n.camera;
