-- When each camera's pictures of the fortnight up to its newest were taken, oldest first.
with newest as (
    select camera, max(taken_at) as taken_at
    from raw.pictures
    where reason is distinct from 'from_the_future'
    group by camera
)
select p.camera, p.taken_at, p.picture_key
from raw.pictures p
join newest n on n.camera = p.camera
    and p.taken_at > n.taken_at - interval 14 day
    and p.taken_at <= n.taken_at
order by p.camera, p.taken_at, p.picture_key;
