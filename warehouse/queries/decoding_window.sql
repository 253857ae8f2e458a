-- The newest recognition of every picture after $since (null: of all), its candidates as lists by rank.
-- What a person set stands for certain and takes the place of the candidates.
with newest as (
    select r.*
    from raw.recognitions r
    join raw.pictures p using (picture_key)
    where r.register_id = $register_id
        and p.taken_at is not null
        and ($since::timestamptz is null or p.taken_at > $since::timestamptz)
    qualify row_number() over (
        partition by r.picture_key order by r.recognised_at desc, r.reader, r.reader_version
    ) = 1
),
read as (
    select
        c.picture_key,
        list(c.text order by c.rank) as texts,
        list(coalesce(c.value_units, -1) order by c.rank) as value_units,
        list(c.probability order by c.rank) as probabilities
    from raw.candidates c
    semi join newest using (picture_key, register_id, reader, reader_version)
    group by c.picture_key
)
select
    n.picture_key,
    p.taken_at,
    n.recognised_at,
    n.reason,
    coalesce(read.texts, []) as texts,
    case
        when m.value_wh is not null then [m.value_wh // (10 ** (3 - g.decimals))::bigint]
        else coalesce(read.value_units, [])
    end as value_units,
    case when m.value_wh is not null then [1.0::double] else coalesce(read.probabilities, []) end as probabilities
from newest n
join raw.pictures p using (picture_key)
join core.registers g on g.register_id = n.register_id
left join read using (picture_key)
left join core.register_readings m
    on m.register_id = n.register_id and m.picture_key = n.picture_key and m.quality = 'manual'
order by p.taken_at, n.picture_key;
