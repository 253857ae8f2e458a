-- Decoding from $window_at up to $until found at most the break of $broke_at; of breaks after $until it says nothing.
update core.proposals set withdrawn_at = now()
where register_id = $register_id
    and withdrawn_at is null
    and broke_at between $window_at::timestamptz and $until::timestamptz
    and broke_at is distinct from $broke_at::timestamptz;
