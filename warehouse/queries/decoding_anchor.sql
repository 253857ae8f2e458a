-- Where decoding has to begin for what is new from $from_at on: a settled reading with at least 48 accepted ones
-- between the two; no row where there is none.
with context as (
    select d.read_at, d.value_wh, d.settled
    from core.register_readings d
    where d.register_id = $register_id
        and d.quality not in ('rejected', 'estimated')
        and d.read_at < $from_at::timestamptz
    order by d.read_at desc
    limit 1000
)
select read_at as anchor_at, value_wh as anchor_wh
from context
qualify row_number() over (order by read_at desc) > 48 and settled
order by read_at desc
limit 1;
