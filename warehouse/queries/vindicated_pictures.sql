-- Pictures from the future that were taken at the time they say: this server's clock was behind when they arrived.
-- It was the server's when what arrived next from their camera was taken after all of them: a camera that was ahead
-- goes back in time once it is set, and before that sends nothing but pictures from the future. A camera may also have
-- rested in between, so where no time server vouches for its clock, all of it must have passed within a day, as a
-- server's does that waits for the network. Those that came before $since are given up.
with arrived as (
    select
        picture_key,
        camera,
        taken_at,
        received_at,
        reason is not distinct from 'from_the_future' as is_ahead,
        (facts ->> '$.clock_synchronised')::boolean and facts ->> '$.details.source' is null as is_vouched_for
    from raw.pictures
    where taken_at is not null
        and time_source <> 'boot'
        and received_at >= $since::timestamptz
        and starts_with(source, $store || '/')
        and camera in (select camera from raw.pictures where reason = 'from_the_future' and received_at >= $since::timestamptz)
),
batches as (
    select camera, received_at, min(taken_at) as first_at
    from arrived
    group by camera, received_at
    having not bool_or(is_ahead)
),
runs as (
    select
        a.picture_key,
        a.camera,
        a.taken_at,
        a.is_vouched_for,
        b.first_at,
        max(a.taken_at) over run as last_at,
        max(a.received_at) over run - min(a.received_at) over run as lasted
    from arrived a
    asof join batches b on a.camera = b.camera and a.received_at < b.received_at
    where a.is_ahead
    window run as (partition by a.camera, b.received_at)
)
select picture_key, camera, taken_at, null::varchar as reason
from runs
where first_at > last_at
    and (is_vouched_for or lasted <= interval 1 day);
