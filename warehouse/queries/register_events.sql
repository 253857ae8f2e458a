-- What happened to a register, in order.
select kind::varchar as kind, happened_at, last_wh, first_wh, offset_wh
from core.events
where register_id = $register_id and undone_at is null and kind in ('exchange', 'reset', 'offset')
order by happened_at, made_at;
