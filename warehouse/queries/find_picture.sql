-- The pictures that a person means: by whole key, else by the end of it; readings set without a picture too. With the
-- registers that each shows; null where it may be any.
with named as (
    select picture_key, taken_at, camera
    from raw.pictures
    where picture_key = $name or ends_with(picture_key, '/' || $name)
    union all
    select distinct on (picture_key) picture_key, taken_at, null
    from core.corrections
    where picture_key like 'manual/%' and (picture_key = $name or ends_with(picture_key, '/' || $name))
),
meant as (
    from named
    qualify (picture_key = $name) = max(picture_key = $name) over ()
)
select
    m.picture_key,
    m.taken_at,
    case when m.camera is not null then coalesce(list(g.register_id) filter (g.register_id is not null), []) end
        as register_ids
from meant m
left join core.cameras g on g.camera = m.camera and m.taken_at >= g.from_at and m.taken_at < g.until_at
group by m.picture_key, m.taken_at, m.camera
order by m.picture_key
limit 10;
