-- What was learned of a register.
select kind, i, j, value from core.habits where register_id = $register_id order by kind, i, j;
