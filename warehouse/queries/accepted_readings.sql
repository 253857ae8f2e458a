-- Accepted readings from $since on (null: all), estimated ones included. Without their tenths: the reader is
-- within one of them on nine drawn drums in ten, and on real drums nobody has measured it, so no energy rests on them.
select read_at, value_wh, quality, picture_key
from core.register_readings
where register_id = $register_id
    and quality <> 'rejected'
    and read_at >= coalesce($since::timestamptz, '-infinity'::timestamptz)
order by read_at, picture_key;
