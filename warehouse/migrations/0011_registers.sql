alter table core.registers add column runs_backwards boolean default false;
comment on column core.registers.runs_backwards is 'whether it counts down while the house feeds in';

create table core.former_cameras (
    register_id varchar not null,
    camera varchar not null,
    until_at timestamptz not null
);
comment on table core.former_cameras is 'cameras that looked at a register before the one that the settings name now';
comment on column core.former_cameras.until_at is 'pictures taken before it are still the register''s';

insert into core.former_cameras
select g.register_id, p.camera, max(p.taken_at) + interval 1 second
from core.registers g
join raw.recognitions r using (register_id)
join raw.pictures p on p.picture_key = r.picture_key and p.camera <> g.camera
where p.taken_at is not null
group by g.register_id, p.camera;

-- The quality of their days was lost with their name.
insert into core.pending
select distinct on (register_id) uuid(), register_id, 'derive', null::timestamptz, null::timestamptz
from core.former_cameras;
