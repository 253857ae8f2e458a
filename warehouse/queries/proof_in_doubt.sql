-- The newest pictures of a meter's first register that gave no plain reading: repaired, estimated, rejected, unusable,
-- or set by a person.
with register as (
    select register_id from core.first_registers where meter = $meter
),
decided as (
    select picture_key, read_at as taken_at
    from core.register_readings
    where register_id = (select register_id from register)
        and quality <> 'measured'
        and picture_key not like 'manual/%'
        and read_at >= (select max(read_at) - interval 366 day from core.register_readings)
    order by read_at desc
    limit $limit
),
unusable as (
    select p.picture_key, p.taken_at
    from raw.pictures p
    join core.cameras g on g.camera = p.camera and p.taken_at >= g.from_at and p.taken_at < g.until_at
    where g.register_id = (select register_id from register) and p.reason is not null
        and p.taken_at >= (select max(taken_at) - interval 366 day from raw.pictures)
    order by p.taken_at desc
    limit $limit
)
from (from decided union from unusable)
order by taken_at desc, picture_key
limit $limit;
