insert into core.interval_day by name
with decided as (
    select
        read_local::date as local_date,
        count(*) as n_readings,
        count(*) filter (quality <> 'rejected') as n_accepted,
        count(*) filter (quality = 'repaired') as n_repaired
    from core.register_readings
    where register_id = $register_id
        and read_at >= coalesce($since::timestamptz, '-infinity'::timestamptz)
    group by 1
)
select
    $register_id as register_id,
    incoming.*,
    coalesce(d.n_readings, 0) as n_readings,
    coalesce(d.n_accepted, 0) as n_accepted,
    coalesce(d.n_repaired, 0) as n_repaired
from incoming
left join decided d using (local_date);
