-- A number for every month of a meter's first register that changes when its quarter hours do.
select date_trunc('month', local_date)::date as month_start, bit_xor(hash(start_at, energy_wh, quality::varchar)) as mark
from core.interval_15min
where register_id = (select register_id from core.first_registers where meter = $meter)
group by 1
order by 1;
