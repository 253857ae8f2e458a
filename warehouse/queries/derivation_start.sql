-- What the interval data of a register do not include yet: the newest decision (decided_until; null when nothing
-- is new) and the local midnight from which they must be derived anew (since; null for all of them).
with done as (
    select coalesce(max(decided_until), '-infinity'::timestamptz) as decided_until
    from core.derivations
    where register_id = $register_id
),
changed as (
    select min(read_at) as read_at, max(decided_at) as decided_until
    from core.register_readings
    where register_id = $register_id and decided_at > (select decided_until from done)
),
before as (
    select max(read_at) as read_at
    from core.register_readings
    where register_id = $register_id
        and quality <> 'rejected'
        and read_at < (select read_at from changed)
)
select
    c.decided_until,
    case
        when (select decided_until from done) > '-infinity'::timestamptz
        then (b.read_at at time zone g.timezone)::date::timestamp at time zone g.timezone
    end as since
from changed c
join core.registers g on g.register_id = $register_id
cross join before b;
