-- Decoding from $window_at on found at most the break of $broke_at.
update core.proposals set withdrawn_at = now()
where register_id = $register_id
    and withdrawn_at is null
    and broke_at >= $window_at::timestamptz
    and broke_at is distinct from $broke_at::timestamptz;
