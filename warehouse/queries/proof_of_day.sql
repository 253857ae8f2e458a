-- The pictures of a local day: their key and instant, in order.
with register as (
    select camera, timezone from core.first_registers where meter = $meter
)
select picture_key, taken_at
from raw.pictures
where camera = (select camera from register)
    and taken_at >= $local_date::date::timestamptz - interval 1 day
    and taken_at < $local_date::date::timestamptz + interval 2 day
    and taken_at >= $local_date::date::timestamp at time zone (select timezone from register)
    and taken_at < ($local_date::date + 1)::timestamp at time zone (select timezone from register)
order by taken_at, picture_key;
