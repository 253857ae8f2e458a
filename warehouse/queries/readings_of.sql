-- Every decided picture of a meter's first register.
select r.picture_key, r.read_at, r.value_wh, r.quality::varchar as quality, r.reason
from core.register_readings r
where r.register_id = (select register_id from core.first_registers where meter = $meter)
order by r.read_at, r.picture_key;
