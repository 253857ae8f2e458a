delete from core.interval_day
where register_id = $register_id and ($since::timestamptz is null or start_at >= $since::timestamptz);
