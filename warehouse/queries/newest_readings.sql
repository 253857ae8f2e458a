-- The newest pictures of a register with what became of them.
with newest as (
    from core.register_readings
    where register_id = $register_id
    order by read_at desc
    limit $limit
)
select
    strftime(read_local, '%Y-%m-%d %H:%M:%S') as taken,
    (value_wh / 1000)::decimal(14, 3)::varchar as kwh,
    quality::varchar as quality,
    reason,
    recognised_text as read_as,
    picture_key as picture
from newest
order by read_at desc, picture_key;
