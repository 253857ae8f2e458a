update core.corrections set undone_at = now()
where register_id = $register_id and picture_key = $picture_key and undone_at is null;
