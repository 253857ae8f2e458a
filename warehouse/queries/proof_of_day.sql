-- The pictures of a local day: their key and instant, in order.
with register as (
    select camera, timezone from core.registers where meter = $meter order by obis_code limit 1
)
select picture_key, taken_at
from raw.pictures
where camera = (select camera from register)
    and taken_at >= $local_date::date::timestamptz - interval 1 day
    and taken_at < $local_date::date::timestamptz + interval 2 day
    and (taken_at at time zone (select timezone from register))::date = $local_date::date
order by taken_at, picture_key;
