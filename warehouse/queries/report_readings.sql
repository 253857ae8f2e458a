-- Every picture of a local day with what became of it, unusable pictures included.
with decided as (
    from core.register_readings
    where read_at >= $local_date::date::timestamptz - interval 1 day
        and read_at < $local_date::date::timestamptz + interval 2 day
)
select
    p.taken_local as read_local,
    p.picture_key,
    r.value_wh / 1000 as value_kwh,
    coalesce(r.quality::varchar, 'rejected') as quality,
    coalesce(r.reason, p.reason) as reason,
    r.recognised_text,
    r.probability
from core.pictures_of_day($meter, $local_date) p
left join decided r using (picture_key, register_id)
where r.picture_key is not null or p.reason is not null
order by p.taken_at, p.picture_key;
