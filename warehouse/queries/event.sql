-- An event that holds.
select event_id, register_id, kind::varchar as kind, happened_at, last_wh, first_wh, offset_wh, tariff, note, made_at
from core.events
where event_id = $event_id and undone_at is null;
