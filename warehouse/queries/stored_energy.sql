-- Quarter hours as they are stored between two instants.
select start_at, energy_wh
from core.interval_15min
where register_id = $register_id and start_at >= $from_at::timestamptz and start_at < $to_at::timestamptz
order by start_at;
