-- What became of every local day's pictures, and how many are missing. Pictures are expected at their median
-- distance; where fewer than half of them keep to it (an irregular series) none is called missing.
with register as (
    select register_id, camera, timezone from core.registers where meter = $meter order by obis_code limit 1
),
pictures as (
    select p.picture_key, p.taken_at, p.reason
    from raw.pictures p
    where p.camera = (select camera from register) and p.taken_at is not null
),
distances as (
    select epoch(taken_at) - epoch(lag(taken_at) over (order by taken_at)) as distance_s from pictures
),
usual as (
    select median(distance_s) as distance_s from distances where distance_s > 0
),
rhythm as (
    select u.distance_s, count(*) filter (abs(d.distance_s - u.distance_s) <= 0.1 * u.distance_s) as kept, count(*) as n
    from distances d
    cross join usual u
    where d.distance_s > 0
    group by u.distance_s
),
decided as (
    select p.taken_at, p.reason as picture_reason, r.quality
    from pictures p
    left join core.register_readings r
        on r.register_id = (select register_id from register) and r.picture_key = p.picture_key
),
counted as (
    select
        (taken_at at time zone (select timezone from register))::date as local_date,
        count(*) filter (quality in ('measured', 'manual')) as measured,
        count(*) filter (quality = 'repaired') as repaired,
        count(*) filter (quality = 'estimated') as estimated,
        count(*) filter (quality = 'rejected' or (quality is null and picture_reason is not null)) as rejected,
        count(*) as present
    from decided
    group by 1
),
days as (
    select unnest(generate_series(min(local_date)::timestamp, max(local_date)::timestamp, interval 1 day))::date as local_date
    from counted
),
covered as (
    select
        d.local_date,
        epoch(least((d.local_date + 1)::timestamp at time zone g.timezone, e.last_at))
            - epoch(greatest(d.local_date::timestamp at time zone g.timezone, e.first_at)) as covered_s,
        e.last_at < (d.local_date + 1)::timestamp at time zone g.timezone as is_last
    from days d
    cross join register g
    cross join (select min(taken_at) as first_at, max(taken_at) as last_at from pictures) e
)
select
    v.local_date,
    coalesce(c.measured, 0) as measured,
    coalesce(c.repaired, 0) as repaired,
    coalesce(c.estimated, 0) as estimated,
    coalesce(c.rejected, 0) as rejected,
    case
        when r.kept * 2 >= r.n
        then greatest(round(v.covered_s / r.distance_s)::bigint + v.is_last::bigint - coalesce(c.present, 0), 0)
        else 0
    end as missing
from covered v
left join counted c using (local_date)
left join rhythm r on true
order by v.local_date;
