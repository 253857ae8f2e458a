-- The local midnight from which interval data have to be derived anew when readings from $from_at on have changed:
-- that of the accepted reading before it, and $reach_s seconds earlier still; no row where there is none.
with before as (
    select read_at
    from core.register_readings
    where register_id = $register_id and quality <> 'rejected' and read_at < $from_at::timestamptz
    order by read_at desc
    limit 1
),
day as (
    select
        (least(b.read_at, $from_at::timestamptz - to_seconds($reach_s)) at time zone g.timezone)::date::timestamp
            as local_start,
        g.timezone
    from before b
    cross join core.registers g
    where g.register_id = $register_id
)
-- The earlier one of a midnight that comes twice, as in `local_midnight`.
select
    least(
        local_start at time zone timezone,
        (local_start - interval 1 microsecond) at time zone timezone + interval 1 microsecond
    ) as since
from day;
