-- Accepted readings from $since on (null: all), estimated ones included.
select read_at, value_wh, quality, tenth::bigint as tenth, picture_key
from core.register_readings
where register_id = $register_id
    and quality <> 'rejected'
    and read_at >= coalesce($since::timestamptz, '-infinity'::timestamptz)
order by read_at, picture_key;
