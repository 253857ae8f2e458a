-- The newest local days of a meter's first register that have pictures, newest first.
select local_date
from core.quality_day
where register_id = (select register_id from core.first_registers where meter = $meter)
group by local_date
order by local_date desc
limit $limit;
