-- The midnight before an instant in a register's local time; null for null. A midnight that comes twice is taken
-- for the later one by `at time zone`: the moment after the day before is the earlier.
with day as (
    select ($since::timestamptz at time zone timezone)::date::timestamp as local_start, timezone
    from core.registers
    where register_id = $register_id
)
select
    least(
        local_start at time zone timezone,
        (local_start - interval 1 microsecond) at time zone timezone + interval 1 microsecond
    ) as since
from day;
