-- What every day of a meter's first register cost, by tariff; days without a tariff are left out.
select
    local_date,
    tariff,
    currency,
    energy_wh / 1000 as energy_kwh,
    unpriced_wh / 1000 as unpriced_kwh,
    energy_cost::double as energy_cost,
    fee::double as fee,
    co2_g / 1000 as co2_kg
from core.cost_day
where register_id = (select register_id from core.first_registers where meter = $meter) and tariff is not null
order by local_date;
