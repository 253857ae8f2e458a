-- How many pictures a register's camera gave, by what became of them.
with counted as (
    select outcome, reason, sum(n_pictures) as pictures
    from core.quality_day
    where register_id = $register_id and outcome <> 'waiting'
    group by outcome, reason
),
timeless as (
    select 'unusable' as outcome, p.reason, count(*) as pictures
    from raw.pictures p
    where p.taken_at is null
        and p.camera = (select camera from core.registers where register_id = $register_id)
    group by p.reason
),
known as (
    select outcome, reason, sum(pictures)::bigint as pictures
    from (from counted union all from timeless)
    group by outcome, reason
),
waiting as (
    select 'waiting' as outcome, null as reason, count(*) - (select coalesce(sum(pictures), 0) from known) as pictures
    from raw.pictures
    where camera = (select camera from core.registers where register_id = $register_id)
)
from known
union all by name
from (from waiting where pictures > 0)
order by outcome, reason nulls first;
