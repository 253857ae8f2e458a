-- A reading that a person set without a picture goes when they take it back; the correction stays.
delete from core.register_readings
where register_id = $register_id and picture_key = $picture_key;
