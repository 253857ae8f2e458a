-- Where decoding has to begin: the earliest picture whose newest recognition no reading rests on (undecided_from),
-- and a settled reading with at least 48 accepted ones between the two; null where there is none.
with newest as (
    select r.picture_key, max(r.recognised_at) as recognised_at
    from raw.recognitions r
    where r.register_id = $register_id
    group by r.picture_key
),
undecided as (
    select p.taken_at
    from newest n
    join raw.pictures p using (picture_key)
    left join core.register_readings d on d.register_id = $register_id and d.picture_key = n.picture_key
    where p.taken_at is not null
        and (d.picture_key is null or d.recognised_at is distinct from n.recognised_at)
),
earliest as (
    select min(taken_at) as undecided_from, count(*) as n_undecided from undecided
),
context as (
    select d.read_at, d.value_wh, d.settled
    from core.register_readings d
    where d.register_id = $register_id
        and d.quality <> 'rejected'
        and d.read_at < (select undecided_from from earliest)
    order by d.read_at desc
    limit 1000
),
anchor as (
    select read_at as anchor_at, value_wh as anchor_wh
    from context
    qualify row_number() over (order by read_at desc) > 48 and settled
    order by read_at desc
    limit 1
)
select e.undecided_from, e.n_undecided, a.anchor_at, a.anchor_wh
from earliest e
left join anchor a on true;
