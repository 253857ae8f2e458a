delete from core.interval_day
where register_id = $register_id and start_at >= coalesce($since::timestamptz, '-infinity'::timestamptz);
