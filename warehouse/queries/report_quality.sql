-- What became of every local day's pictures, and how many are missing. Pictures are expected at the median distance of
-- the 31 days around; where fewer than half of those keep to it (an irregular series) none is called missing.
with register as (
    select register_id, timezone from core.first_registers where meter = $meter
),
counted as (
    select
        local_date,
        coalesce(sum(n_pictures) filter (outcome in ('measured', 'manual')), 0) as measured,
        coalesce(sum(n_pictures) filter (outcome = 'repaired'), 0) as repaired,
        coalesce(sum(n_pictures) filter (outcome = 'estimated'), 0) as estimated,
        coalesce(sum(n_pictures) filter (outcome in ('rejected', 'unusable')), 0) as rejected
    from core.quality_day
    where register_id = (select register_id from register)
    group by local_date
),
known as (
    from core.rhythm_day where register_id = (select register_id from register)
),
days as (
    select unnest(generate_series(min(local_date)::timestamp, max(local_date)::timestamp, interval 1 day))::date as local_date
    from known
),
rhythm as (
    select
        d.local_date,
        k.n_pictures,
        median(k.distance_s) over around as distance_s,
        coalesce(sum(k.n_distances) over around, 0) as n_distances,
        coalesce(sum(k.n_usual) over around, 0) as n_usual
    from days d
    left join known k using (local_date)
    window around as (order by d.local_date rows between 15 preceding and 15 following)
),
midnights as (
    select
        d.local_date,
        core.midnight(d.local_date, g.timezone) as start_at,
        core.midnight(d.local_date + 1, g.timezone) as end_at
    from days d
    cross join register g
),
covered as (
    select
        d.local_date,
        epoch(least(d.end_at, e.last_at)) - epoch(greatest(d.start_at, e.first_at)) as covered_s,
        e.last_at < d.end_at as is_last
    from midnights d
    cross join (select min(first_at) as first_at, max(last_at) as last_at from known) e
)
select
    v.local_date,
    coalesce(c.measured, 0)::bigint as measured,
    coalesce(c.repaired, 0)::bigint as repaired,
    coalesce(c.estimated, 0)::bigint as estimated,
    coalesce(c.rejected, 0)::bigint as rejected,
    case
        when r.n_usual * 2 >= r.n_distances and r.distance_s is not null
        then greatest(round(v.covered_s / r.distance_s)::bigint + v.is_last::bigint - coalesce(r.n_pictures, 0), 0)
        else 0
    end::bigint as missing
from covered v
join rhythm r using (local_date)
left join counted c using (local_date)
order by v.local_date;
