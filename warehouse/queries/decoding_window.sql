-- The recognition that counts of every picture after $since up to $until (null: open ends), its candidates as lists
-- by rank: the adopted one, else the first. manual_wh is what a person set; known_wh is the result so far.
with adopted as (
    select
        r.*,
        (
            select max(a.adopted_at)
            from core.adoptions a
            where a.register_id = r.register_id
                and a.reader = r.reader
                and a.reader_version = r.reader_version
                and r.taken_at between coalesce(a.from_at, r.taken_at) and coalesce(a.to_at, r.taken_at)
                and r.recognised_at <= a.adopted_at
        ) as adopted_at
    from raw.recognitions r
    where r.register_id = $register_id
        and r.taken_at > coalesce($since::timestamptz, '-infinity'::timestamptz)
        and r.taken_at <= coalesce($until::timestamptz, 'infinity'::timestamptz)
),
counting as (
    from adopted
    qualify row_number() over (
        partition by picture_key order by adopted_at desc nulls last, recognised_at, reader, reader_version
    ) = 1
),
read as (
    select
        c.picture_key,
        list(c.text order by c.rank) as texts,
        list(
            coalesce(case when length(c.text) = g.digits then try_cast(c.text as bigint) end, -1) order by c.rank
        ) as value_units,
        list(c.probability order by c.rank) as probabilities
    from raw.candidates c
    join core.registers g using (register_id)
    semi join counting using (picture_key, register_id, reader, reader_version)
    where c.taken_at > coalesce($since::timestamptz, '-infinity'::timestamptz)
        and c.taken_at <= coalesce($until::timestamptz, 'infinity'::timestamptz)
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
