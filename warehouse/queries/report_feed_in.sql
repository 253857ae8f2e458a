-- Energy that a meter fed into the grid on every local day, what it earned, by currency, and how much of the day is
-- known: the total's register, or where there is none, those of the tariffs together.
with registers as (
    select register_id, obis_code like '%:2.8.0' as is_total
    from core.registers
    where meter = $meter and obis_code like '%:2.8.%' and place is not null
),
shown as (
    select register_id
    from registers
    where is_total = (select bool_or(is_total) from registers)
)
select
    d.local_date,
    sum(d.energy_wh) / 1000 as energy_kwh,
    coalesce(sum(-c.energy_cost)::double, 0) as earned,
    c.currency,
    sum(d.estimated_wh) / 1000 as estimated_kwh,
    min(d.covered_s) / 3600 as hours
from core.interval_day d
join shown using (register_id)
left join core.cost_day c on c.register_id = d.register_id and c.local_date = d.local_date
group by d.local_date, c.currency
order by d.local_date, c.currency;
