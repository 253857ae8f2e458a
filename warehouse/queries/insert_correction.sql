insert into core.corrections
select $correction_id, $register_id, $picture_key, $taken_at::timestamptz, $value_wh, $note, now(), null;
