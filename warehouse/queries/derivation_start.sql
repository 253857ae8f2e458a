-- The local midnight from which interval data have to be derived anew when readings from $from_at on have changed:
-- that of the accepted reading before it, and $reach_s seconds earlier still; no row where there is none.
with before as (
    select read_at
    from core.register_readings
    where register_id = $register_id and quality <> 'rejected' and read_at < $from_at::timestamptz
    order by read_at desc
    limit 1
)
select
    core.midnight(
        least(b.read_at, $from_at::timestamptz - to_seconds($reach_s)) at time zone g.timezone, g.timezone
    ) as since
from before b
cross join core.registers g
where g.register_id = $register_id;
