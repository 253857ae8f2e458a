-- The pictures of a local day: their key and instant, in order.
with register as (
    select register_id, timezone from core.first_registers where meter = $meter
)
select p.picture_key, p.taken_at
from raw.pictures p
join core.cameras g on g.camera = p.camera and p.taken_at >= g.from_at and p.taken_at < g.until_at
where g.register_id = (select register_id from register)
    and p.taken_at >= $local_date::date::timestamptz - interval 1 day
    and p.taken_at < $local_date::date::timestamptz + interval 2 day
    and (p.taken_at at time zone (select timezone from register))::date = $local_date::date
order by p.taken_at, p.picture_key;
