-- How many pictures a register's camera gave, by what became of them.
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
of_camera as (
    from raw.pictures
    anti join dated_since using (picture_key)
    where camera = (select camera from core.registers where register_id = $register_id)
),
timeless as (
    select 'unusable' as outcome, reason, count(*) as pictures from of_camera where taken_at is null group by reason
),
known as (
    select outcome, reason, sum(pictures)::bigint as pictures
    from (from counted union all from timeless)
    group by outcome, reason
),
waiting as (
    select 'waiting' as outcome, null as reason, count(*) - (select coalesce(sum(pictures), 0) from known) as pictures
    from of_camera
)
from known
union all by name
from (from waiting where pictures > 0)
order by outcome, reason nulls first;
