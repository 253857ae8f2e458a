-- The base load of each register's newest days, oldest first.
select register_id, local_date, base_load_w::double as base_load_w
from core.interval_day
where base_load_w is not null
qualify row_number() over (partition by register_id order by local_date desc) <= 40
order by register_id, local_date;
