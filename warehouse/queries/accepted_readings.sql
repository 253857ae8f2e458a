-- Accepted readings from $since on (null: all) with the context before it that interpolation needs: 500 readings,
-- and from the highest one of those that still holds (a fall of one unit is tolerated, and a register may stand
-- still for months after it).
with context as (
    select read_at, value_wh
    from core.register_readings
    where register_id = $register_id and quality <> 'rejected' and read_at < $since::timestamptz
    order by read_at desc
    limit 500
),
earliest as (
    select min(read_at) as read_at, arg_min(value_wh, read_at) as value_wh from context
),
held as (
    select max(r.read_at) as read_at
    from core.register_readings r
    cross join earliest e
    where r.register_id = $register_id
        and r.quality <> 'rejected'
        and r.read_at < e.read_at
        and r.value_wh > e.value_wh
        and r.value_wh <= e.value_wh
            + (select (10 ** (3 - decimals))::bigint from core.registers where register_id = $register_id)
)
select read_at, value_wh, quality, picture_key
from core.register_readings
where register_id = $register_id
    and quality <> 'rejected'
    and (
        $since::timestamptz is null
        or read_at >= coalesce((select read_at from held), (select read_at from earliest), $since::timestamptz)
    )
order by read_at, picture_key;
