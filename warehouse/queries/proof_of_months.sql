-- The first accepted picture of every month of a meter's first register, newest first.
select
    date_trunc('month', read_local)::date as month_start,
    arg_min(picture_key, (read_at, picture_key)) as picture_key,
    min(read_at) as taken_at
from core.register_readings
where register_id = (select register_id from core.first_registers where meter = $meter)
    and quality not in ('rejected', 'estimated')
    and picture_key not like 'manual/%'
group by 1
order by 1 desc;
