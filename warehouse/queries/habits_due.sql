-- When a register was learned from last, and its newest reading.
select
    (select max(learned_at) from core.habits where register_id = $register_id) as learned_at,
    (
        select read_at from core.register_readings where register_id = $register_id order by read_at desc limit 1
    ) as newest_at;
