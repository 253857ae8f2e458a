-- How many pictures a register's cameras gave, by what became of them.
with counted as (
    select outcome, reason, sum(n_pictures) as pictures
    from core.quality_day
    where register_id = $register_id and outcome <> 'waiting'
    group by outcome, reason
),
-- A picture that came without a time, and later once more with one, counts once.
dated_since as (
    select u.picture_key
    from raw.pictures u
    semi join (from raw.pictures where taken_at is not null) using (camera, content_sha256)
    where u.taken_at is null and u.reason = 'no_time'
),
of_cameras as (
    select p.*
    from raw.pictures p
    join core.cameras g on g.camera = p.camera
        and coalesce(p.taken_at, p.received_at) >= g.from_at
        and coalesce(p.taken_at, p.received_at) < g.until_at
    anti join dated_since d on d.picture_key = p.picture_key
    where g.register_id = $register_id
),
timeless as (
    select 'unusable' as outcome, reason, count(*) as pictures from of_cameras where taken_at is null group by reason
),
known as (
    select outcome, reason, sum(pictures)::bigint as pictures
    from (from counted union all from timeless)
    group by outcome, reason
),
waiting as (
    select 'waiting' as outcome, null as reason, count(*) - (select coalesce(sum(pictures), 0) from known) as pictures
    from of_cameras
)
from known
union all by name
from (from waiting where pictures > 0)
order by outcome, reason nulls first;
