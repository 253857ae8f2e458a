-- What became of every picture of a span so far.
select picture_key, read_at, read_local, value_wh, quality::varchar as quality
from core.register_readings
where register_id = $register_id
    and read_at >= coalesce($from_at::timestamptz, '-infinity'::timestamptz)
    and read_at < coalesce($to_at::timestamptz, 'infinity'::timestamptz)
order by read_at, picture_key;
