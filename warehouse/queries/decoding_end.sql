-- How far decoding has to go for what is new up to $to_at: results count for 48 settled readings more (kept_until),
-- and another 48 must come out as they are known (end_at); no row where there are fewer.
with later as (
    select d.read_at
    from core.register_readings d
    where d.register_id = $register_id and d.quality <> 'rejected' and d.settled and d.read_at > $to_at::timestamptz
    order by d.read_at
    limit 96
)
select
    list_sort(list(read_at))[48] as kept_until,
    max(read_at) as end_at
from later
having count(*) = 96;
