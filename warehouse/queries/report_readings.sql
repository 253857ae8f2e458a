-- Every picture of a local day with what became of it, unusable pictures included.
with register as (
    select register_id, timezone from core.first_registers where meter = $meter
),
pictures as (
    select p.picture_key, p.taken_at, p.taken_at at time zone (select timezone from register) as read_local, p.reason
    from raw.pictures p
    join core.cameras g on g.camera = p.camera and p.taken_at >= g.from_at and p.taken_at < g.until_at
    where g.register_id = (select register_id from register)
        and p.taken_at >= $local_date::date::timestamptz - interval 1 day
        and p.taken_at < $local_date::date::timestamptz + interval 2 day
        and (p.taken_at at time zone (select timezone from register))::date = $local_date::date
),
decided as (
    from core.register_readings
    where register_id = (select register_id from register)
        and read_at >= $local_date::date::timestamptz - interval 1 day
        and read_at < $local_date::date::timestamptz + interval 2 day
)
select
    p.read_local,
    p.picture_key,
    r.value_wh / 1000 as value_kwh,
    coalesce(r.quality::varchar, 'rejected') as quality,
    coalesce(r.reason, p.reason) as reason,
    r.recognised_text,
    r.probability
from pictures p
left join decided r using (picture_key)
where r.picture_key is not null or p.reason is not null
order by p.taken_at, p.picture_key;
