insert into core.habits by name
select $register_id as register_id, now() as learned_at, * from incoming;
