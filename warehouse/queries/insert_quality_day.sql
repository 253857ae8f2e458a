-- What became of every picture from a local midnight on, by local day.
insert into core.quality_day by name
with pictures as (
    select p.picture_key, p.taken_at, p.received_at, p.reason, g.timezone
    from raw.pictures p
    join core.cameras g on g.camera = p.camera and p.taken_at >= g.from_at and p.taken_at < g.until_at
    where g.register_id = $register_id
        and p.taken_at >= coalesce($since::timestamptz, '-infinity'::timestamptz)
),
decided as (
    select picture_key, quality, reason
    from core.register_readings
    where register_id = $register_id
        and read_at >= coalesce($since::timestamptz, '-infinity'::timestamptz)
)
select
    $register_id as register_id,
    (p.taken_at at time zone p.timezone)::date as local_date,
    coalesce(d.reason, p.reason) as reason,
    coalesce(d.quality::varchar, case when p.reason is null then 'waiting' else 'unusable' end) as outcome,
    count(*) as n_pictures,
    sum(greatest(epoch(p.received_at) - epoch(p.taken_at), 0))::bigint as latency_s,
    max(greatest(epoch(p.received_at) - epoch(p.taken_at), 0))::bigint as longest_latency_s
from pictures p
left join decided d using (picture_key)
group by all;
