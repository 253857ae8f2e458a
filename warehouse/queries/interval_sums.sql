-- The energy of all interval data of a register, by quarter hours and by days.
select
    coalesce((select sum(energy_wh) from core.interval_15min where register_id = $register_id), 0)::bigint
        as quarter_hours_wh,
    coalesce((select sum(energy_wh) from core.interval_day where register_id = $register_id), 0)::bigint as days_wh;
