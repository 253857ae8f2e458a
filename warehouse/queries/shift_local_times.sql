-- Runs after the registers are merged: local times follow a changed time zone.
update core.register_readings r
set read_local = r.read_at at time zone g.timezone
from core.registers g
where g.register_id = r.register_id and r.read_local <> r.read_at at time zone g.timezone;
