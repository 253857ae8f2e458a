-- Local days on which a meter's first register ran backwards for a quarter of an hour or longer.
select distinct local_date
from core.interval_15min
where register_id = (select register_id from core.first_registers where meter = $meter) and energy_wh < 0
order by local_date;
