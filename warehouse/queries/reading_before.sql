-- What a register showed last before an instant; no row where nothing was read.
select read_at, value_wh
from core.register_readings
where register_id = $register_id and quality not in ('rejected', 'estimated') and read_at < $before::timestamptz
order by read_at desc
limit 1;
