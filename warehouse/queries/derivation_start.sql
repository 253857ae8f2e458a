-- The local midnight from which interval data have to be derived anew when readings from $from_at on have changed:
-- that of the reading before it (no estimated one: nothing is derived from those), and $reach_s seconds earlier still,
-- for a tick in a pause may lie right behind that reading; no row where there is none.
with before as (
    select read_at
    from core.register_readings
    where register_id = $register_id and quality not in ('rejected', 'estimated') and read_at < $from_at::timestamptz
    order by read_at desc
    limit 1
)
select
    core.midnight((b.read_at - to_seconds($reach_s)) at time zone g.timezone, g.timezone) as since
from before b
cross join core.registers g
where g.register_id = $register_id;
