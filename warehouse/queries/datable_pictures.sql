-- Pictures taken while nobody had set the camera's clock, dated by the nearest picture of the same boot whose
-- clock was right: the time since boot tells how far they lie apart. Those that came before $since are given up.
with undated as (
    select picture_key, camera, received_at, facts ->> '$.boot_id' as boot_id, (facts ->> '$.boot_ms')::bigint as boot_ms
    from raw.pictures
    where taken_at is null
        and reason = 'no_time'
        and received_at >= $since::timestamptz
        and facts ->> '$.boot_id' <> ''
),
witnesses as (
    select camera, facts ->> '$.boot_id' as boot_id, (facts ->> '$.boot_ms')::bigint as boot_ms, taken_at
    from raw.pictures
    where taken_at is not null
        and received_at >= (select min(received_at) - interval 1 day from undated)
        and (facts ->> '$.clock_synchronised')::boolean
        -- a file that somebody else left was taken at another time than the agent found it
        and facts ->> '$.details.source' is null
)
select
    u.picture_key,
    u.camera,
    arg_min(w.taken_at - to_milliseconds(w.boot_ms - u.boot_ms), abs(w.boot_ms - u.boot_ms)) as taken_at,
    null::varchar as reason
from undated u
join witnesses w using (camera, boot_id)
group by u.picture_key, u.camera;
