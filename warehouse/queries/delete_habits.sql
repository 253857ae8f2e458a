delete from core.habits where register_id = $register_id;
