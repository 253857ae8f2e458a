-- Settled readings since an instant.
select picture_key, read_at, value_wh, quality, settled
from core.register_readings
where register_id = $register_id and settled and quality <> 'rejected' and read_at > $since::timestamptz
order by read_at;
