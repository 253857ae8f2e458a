-- The recognition that counts of every picture after $since up to $until (null: open ends), its candidates as lists
-- by rank: the adopted one, else the first. Where a picture does not show today's window, or can't be opened any
-- more, nothing speaks against what was read of it: such a recognition is never adopted. manual_wh is what a person
-- set; known_wh is the result so far.
with counting as (
    select r.*
    from raw.recognitions r
    left join core.adoptions a
        on a.register_id = r.register_id
        and a.reader = r.reader
        and a.reader_version = r.reader_version
        and r.taken_at between coalesce(a.from_at, r.taken_at) and coalesce(a.to_at, r.taken_at)
        and r.recognised_at <= a.adopted_at
        and coalesce(r.reason, '') not in ('moved', 'unreadable_picture')
    where r.register_id = $register_id
        and r.taken_at > coalesce($since::timestamptz, '-infinity'::timestamptz)
        and r.taken_at <= coalesce($until::timestamptz, 'infinity'::timestamptz)
    qualify row_number() over (
        partition by r.picture_key
        order by a.adopted_at desc nulls last, r.recognised_at, r.reader, r.reader_version
    ) = 1
),
-- Not pushed into the scan, where comparing keys and texts of whole row groups costs more than the join.
offered as materialized (
    select picture_key, register_id, reader, reader_version, rank, text, probability
    from raw.candidates
    where register_id = $register_id
        and taken_at > coalesce($since::timestamptz, '-infinity'::timestamptz)
        and taken_at <= coalesce($until::timestamptz, 'infinity'::timestamptz)
),
read as (
    select
        c.picture_key,
        list(c.text order by c.rank) as texts,
        list(
            coalesce(case when length(c.text) = g.digits then try_cast(c.text as bigint) end, -1) order by c.rank
        ) as value_units,
        list(c.probability order by c.rank) as probabilities
    from offered c
    join core.registers g using (register_id)
    semi join counting using (picture_key, reader, reader_version)
    group by c.picture_key
),
manual as (
    select picture_key, taken_at, value_wh
    from core.corrections
    where register_id = $register_id
        and undone_at is null
        and taken_at > coalesce($since::timestamptz, '-infinity'::timestamptz)
        and taken_at <= coalesce($until::timestamptz, 'infinity'::timestamptz)
    qualify row_number() over (partition by picture_key order by made_at desc) = 1
),
known as (
    select picture_key, value_wh
    from core.register_readings
    where register_id = $register_id
        and read_at > coalesce($since::timestamptz, '-infinity'::timestamptz)
        and read_at <= coalesce($until::timestamptz, 'infinity'::timestamptz)
)
select
    coalesce(n.picture_key, m.picture_key) as picture_key,
    coalesce(n.taken_at, m.taken_at) as taken_at,
    n.recognised_at,
    n.reason,
    n.tenth::bigint as tenth,
    coalesce(read.texts, []) as texts,
    coalesce(read.value_units, []) as value_units,
    coalesce(read.probabilities, []) as probabilities,
    m.value_wh as manual_wh,
    k.value_wh as known_wh
from counting n
full join manual m on m.picture_key = n.picture_key
left join read on read.picture_key = n.picture_key
left join known k on k.picture_key = coalesce(n.picture_key, m.picture_key)
order by taken_at, picture_key;
