-- The newest reading before $before that is higher than $value_wh by up to a unit: such a fall is tolerated, and a
-- register may stand still for months after it.
select max(r.read_at) as read_at
from core.register_readings r
where r.register_id = $register_id
    and r.quality not in ('rejected', 'estimated')
    and r.read_at < $before::timestamptz
    and r.value_wh > $value_wh
    and r.value_wh <= $value_wh + $unit_wh;
