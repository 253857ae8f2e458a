delete from core.cost_day
where register_id = $register_id
    and (
        $since::timestamptz is null
        or local_date >= (
            select ($since::timestamptz at time zone timezone)::date
            from core.registers
            where register_id = $register_id
        )
    );
