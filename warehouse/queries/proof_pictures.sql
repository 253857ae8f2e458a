-- What a register showed in the pictures in incoming (picture_key, taken_at): reading, recognition, and up to five candidates.
with register as (
    select register_id, timezone from core.registers where register_id = $register_id
),
decided as (
    select r.*
    from core.register_readings r
    semi join incoming i on i.taken_at = r.read_at and i.picture_key = r.picture_key
    where r.register_id = (select register_id from register)
),
recognised as (
    select n.*
    from raw.recognitions n
    semi join incoming i on i.taken_at = n.taken_at and i.picture_key = n.picture_key
    left join decided d using (picture_key)
    where n.register_id = (select register_id from register)
    qualify row_number() over (
        partition by n.picture_key
        order by coalesce(n.recognised_at = d.recognised_at, false) desc, n.recognised_at desc
    ) = 1
),
offered as (
    select
        c.picture_key,
        c.reader,
        c.reader_version,
        list(c.text order by c.rank)[:5] as texts,
        list(c.probability order by c.rank)[:5] as probabilities,
        list(c.half_step order by c.rank)[:5] as half_steps,
        list(c.value_units order by c.rank)[:5] as values_units
    from raw.candidates c
    semi join incoming i on i.taken_at = c.taken_at and i.picture_key = c.picture_key
    where c.register_id = (select register_id from register)
    group by c.picture_key, c.reader, c.reader_version
)
select
    i.picture_key,
    i.taken_at at time zone (select timezone from register) as read_local,
    d.value_wh,
    coalesce(d.quality::varchar, case when p.reason is null then 'waiting' else 'rejected' end) as quality,
    coalesce(d.reason, p.reason, n.reason) as reason,
    d.recognised_text,
    d.probability,
    d.log_odds,
    coalesce(d.settled, false) as settled,
    n.window_corners::varchar as window_corners,
    n.reader,
    n.reader_version,
    o.texts,
    o.probabilities,
    o.half_steps,
    o.values_units
from incoming i
left join raw.pictures p on p.picture_key = i.picture_key and p.taken_at = i.taken_at
left join decided d on d.picture_key = i.picture_key
left join recognised n on n.picture_key = i.picture_key
left join offered o
    on o.picture_key = i.picture_key and o.reader = n.reader and o.reader_version = n.reader_version
order by i.taken_at, i.picture_key;
