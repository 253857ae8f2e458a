-- Energy that a meter fed into the grid on every local day, and what it earned.
with register as (
    select register_id
    from core.registers
    where meter = $meter and obis_code like '%:2.8.%' and place is not null
    order by place
    limit 1
)
select
    d.local_date,
    d.energy_wh / 1000 as energy_kwh,
    coalesce(-c.energy_cost::double, 0) as earned,
    c.currency
from core.interval_day d
left join core.cost_day c on c.register_id = d.register_id and c.local_date = d.local_date
where d.register_id = (select register_id from register)
order by d.local_date;
