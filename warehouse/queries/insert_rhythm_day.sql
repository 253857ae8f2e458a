-- How regularly the pictures of every local day from a midnight on were taken; a distance counts on its later day.
insert into core.rhythm_day by name
with pictures as (
    select p.taken_at, (p.taken_at at time zone g.timezone)::date as local_date
    from raw.pictures p
    join core.cameras g on g.camera = p.camera and p.taken_at >= g.from_at and p.taken_at < g.until_at
    where g.register_id = $register_id
        and p.taken_at >= coalesce($since::timestamptz, '-infinity'::timestamptz)
),
distances as (
    select
        *,
        epoch(taken_at) - epoch(lag(taken_at) over (partition by local_date order by taken_at)) as distance_s
    from pictures
),
usual as (
    select local_date, median(distance_s) filter (distance_s > 0) as distance_s
    from distances
    group by local_date
)
select
    $register_id as register_id,
    local_date,
    min(d.taken_at) as first_at,
    max(d.taken_at) as last_at,
    count(*) as n_pictures,
    any_value(u.distance_s) as distance_s,
    count(*) filter (d.distance_s > 0) as n_distances,
    count(*) filter (d.distance_s > 0 and abs(d.distance_s - u.distance_s) <= 0.1 * u.distance_s) as n_usual
from distances d
join usual u using (local_date)
group by local_date;
