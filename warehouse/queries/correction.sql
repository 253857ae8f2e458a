-- What a person set for a picture and has not taken back.
select correction_id, register_id, picture_key, taken_at, value_wh, note, made_at
from core.corrections
where register_id = $register_id and picture_key = $picture_key and undone_at is null;
