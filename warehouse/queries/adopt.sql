-- It counts for what that reader has read until now; instants grow even when the clock is set back.
insert into core.adoptions
select
    $register_id, $reader, $reader_version, $from_at::timestamptz, $to_at::timestamptz,
    greatest(
        now(),
        (select coalesce(max(adopted_at) + interval 1 microsecond, now()) from core.adoptions),
        (select coalesce(max(recognised_at), now()) from raw.recognitions where register_id = $register_id)
    );
