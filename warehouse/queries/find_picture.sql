-- The pictures that a person means: by whole key, else by the end of it; readings set without a picture too.
with named as (
    select picture_key, taken_at, camera
    from raw.pictures
    where picture_key = $name or ends_with(picture_key, '/' || $name)
    union all
    select distinct on (picture_key) picture_key, taken_at, null
    from core.corrections
    where picture_key like 'manual/%' and (picture_key = $name or ends_with(picture_key, '/' || $name))
)
from named
qualify (picture_key = $name) = max(picture_key = $name) over ()
order by picture_key
limit 10;
