-- The earliest of the readings before $since that interpolation looks at: 500, and two beyond $reach_s seconds. Estimated
-- ones are none: nothing is derived from them.
with context as (
    (
        select read_at, value_wh
        from core.register_readings
        where register_id = $register_id and quality not in ('rejected', 'estimated') and read_at < $since::timestamptz
        order by read_at desc
        limit 500
    )
    union all
    (
        -- Without a reach they are among the others.
        select read_at, value_wh
        from core.register_readings
        where $reach_s > 0
            and register_id = $register_id
            and quality not in ('rejected', 'estimated')
            and read_at < $since::timestamptz - to_seconds($reach_s)
        order by read_at desc
        limit 3
    )
)
select read_at, value_wh
from context
order by read_at
limit 1;
