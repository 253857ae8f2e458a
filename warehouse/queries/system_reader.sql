-- How surely a meter's first register was read on each of the newest 366 days, and where its window stood in the picture.
with register as (
    select register_id, timezone from core.first_registers where meter = $meter
),
newest as (
    select max(read_at) as read_at from core.register_readings where register_id = (select register_id from register)
),
read as (
    select
        read_local::date as local_date,
        count(*) as n_pictures,
        count(*) filter (quality in ('measured', 'repaired', 'manual')) as n_accepted,
        median(probability) as probability,
        quantile_cont(probability, 0.1) as low_probability
    from core.register_readings
    where register_id = (select register_id from register)
        and read_at > (select read_at from newest) - interval 366 day
    group by 1
),
corners as (
    select
        n.taken_at,
        n.milliseconds,
        (n.window_corners->0->>0)::double as x0, (n.window_corners->0->>1)::double as y0,
        (n.window_corners->2->>0)::double as x2, (n.window_corners->2->>1)::double as y2
    from raw.recognitions n
    where n.register_id = (select register_id from register)
        and n.taken_at > (select read_at from newest) - interval 366 day
        and n.window_corners is not null
),
stood as (
    select
        (taken_at at time zone (select timezone from register))::date as local_date,
        median((x0 + x2) / 2) as x,
        median((y0 + y2) / 2) as y
    from corners
    group by 1
)
select
    r.local_date,
    r.n_pictures,
    r.n_accepted,
    r.probability,
    r.low_probability,
    s.x,
    s.y
from read r
left join stood s using (local_date)
order by r.local_date;
