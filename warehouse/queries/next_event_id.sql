select coalesce(max(event_id), 0) + 1 as event_id from core.events;
