-- Accepted readings from $since on (null: all) with up to 500 before it, which interpolation needs.
with accepted as (
    select read_at, value_wh, quality, picture_key
    from core.register_readings
    where register_id = $register_id and quality <> 'rejected'
),
context as (
    select min(read_at) as read_at
    from (
        select read_at from accepted where read_at < $since::timestamptz order by read_at desc limit 500
    )
)
select read_at, value_wh, quality, picture_key
from accepted
where $since::timestamptz is null
    or read_at >= coalesce((select read_at from context), $since::timestamptz)
order by read_at, picture_key;
