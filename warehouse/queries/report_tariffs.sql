-- What the newest 365 days of a meter's first register would have cost by the present tariff and by each other one of
-- its currency that never began, by its date or by an event: one that began before the present one has ended.
with register as (
    select register_id from core.first_registers where meter = $meter
),
newest as (
    select max(local_date) as local_date from core.interval_day where register_id = (select register_id from register)
),
present as (
    select arg_max(tariff, local_date) as tariff, arg_max(currency, local_date) as currency
    from core.cost_day
    where register_id = (select register_id from register) and tariff is not null
),
begun as (
    select tariff
    from core.tariffs
    where register_id = (select register_id from register) and from_date <= (select local_date from newest)
    union
    select tariff from core.cost_day where register_id = (select register_id from register) and tariff is not null
),
quarter_hours as (
    select i.local_date, i.local_minute, i.start_at, i.energy_wh
    from core.interval_15min i
    where i.register_id = (select register_id from register)
        and i.local_date > (select local_date from newest) - 365
),
months as (
    select count(distinct local_date) as days, sum(1 / day(last_day(local_date))) as months
    from (select distinct local_date from quarter_hours)
),
crossed as (
    select q.*, t.tariff, t.currency, t.fee_per_month, t.area, t.factor, t.surcharge_per_kwh
    from quarter_hours q
    cross join core.tariffs t
    where t.register_id = (select register_id from register)
        and t.currency = (select currency from present)
        and (t.tariff = (select tariff from present) or t.tariff not in (from begun))
),
priced as (
    select
        c.tariff,
        c.currency,
        c.fee_per_month,
        c.energy_wh,
        case
            when c.area is null then r.price_per_kwh::double
            when c.start_at < p.start_at + interval 1 hour then (p.price_per_kwh * c.factor + c.surcharge_per_kwh)::double
        end as price_per_kwh
    from crossed c
    left join core.rates r
        on r.register_id = (select register_id from register)
        and r.tariff = c.tariff
        and r.weekday = isodow(c.local_date)
        and r.quarter_hour = c.local_minute // 15
    asof left join core.prices p on p.area = c.area and c.start_at >= p.start_at
)
select
    tariff,
    currency,
    (select days from months) as days,
    sum(energy_wh) / 1000 as energy_kwh,
    coalesce(sum(energy_wh) filter (price_per_kwh is null), 0) / 1000 as unpriced_kwh,
    coalesce(sum(energy_wh * price_per_kwh), 0) / 1000
        + any_value(fee_per_month)::double * (select months from months) as cost,
    tariff = (select tariff from present) as is_present
from priced
group by tariff, currency
order by cost;
