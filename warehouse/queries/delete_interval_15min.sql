delete from core.interval_15min
where register_id = $register_id and start_at >= coalesce($since::timestamptz, '-infinity'::timestamptz);
