-- The newest local days of a meter's first register that have pictures, newest first.
select local_date
from core.quality_day
where register_id = (select register_id from core.registers where meter = $meter order by obis_code limit 1)
group by local_date
order by local_date desc
limit $limit;
