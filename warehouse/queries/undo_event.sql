update core.events set undone_at = now() where event_id = $event_id and undone_at is null;
