-- What every local day from a midnight on cost and emitted. Of two tariffs that begin on one day the one that an event
-- chose applies. What is told of a meter's first register goes for its other registers too, unless one was told of itself
-- on that day. The fee of a day is such that the days of a month add up to the month's fee exactly.
insert into core.cost_day by name
with register as (
    select
        g.register_id,
        g.timezone,
        g.obis_code like '%:2.8.%' as is_export,
        f.register_id as first_register_id
    from core.registers g
    join core.first_registers f using (meter)
    where g.register_id = $register_id
),
starts as (
    select from_date, tariff, false as is_own, timestamptz '-infinity' as made_at
    from core.tariffs
    where register_id = $register_id and from_date is not null
    union all
    select (e.happened_at at time zone g.timezone)::date, e.tariff, e.register_id = g.register_id, e.made_at
    from core.events e
    join register g on e.register_id in (g.register_id, g.first_register_id)
    where e.kind = 'tariff' and e.undone_at is null
),
chosen as (
    select from_date, max_by(tariff, row(is_own, made_at)) as tariff
    from starts
    group by from_date
),
days as (
    select d.local_date, c.tariff
    from core.interval_day d
    asof left join chosen c on d.local_date >= c.from_date
    where d.register_id = $register_id and d.start_at >= coalesce($since::timestamptz, '-infinity'::timestamptz)
),
quarter_hours as (
    select i.local_date, i.local_minute, i.start_at, i.energy_wh, t.tariff, t.area, t.factor, t.surcharge_per_kwh
    from core.interval_15min i
    join days using (local_date)
    left join core.tariffs t on t.register_id = i.register_id and t.tariff = days.tariff
    where i.register_id = $register_id and i.start_at >= coalesce($since::timestamptz, '-infinity'::timestamptz)
),
prices as (
    select area, start_at, price_per_kwh
    from core.prices
    where start_at >= coalesce($since::timestamptz, '-infinity'::timestamptz) - interval 1 hour
),
priced as (
    select
        q.local_date,
        q.energy_wh,
        case
            when q.area is null then r.price_per_kwh
            when q.start_at < p.start_at + interval 1 hour
            then (p.price_per_kwh * q.factor + q.surcharge_per_kwh)::decimal(14, 6)
        end as price_per_kwh,
        f.g_per_kwh
    from quarter_hours q
    left join core.rates r
        on r.register_id = $register_id
        and r.tariff = q.tariff
        and r.weekday = isodow(q.local_date)
        and r.quarter_hour = q.local_minute // 15
    asof left join prices p on p.area = q.area and q.start_at >= p.start_at
    asof left join core.co2_factors f on q.start_at >= f.start_at
),
counted as (
    select
        local_date,
        sum(energy_wh)::bigint as energy_wh,
        coalesce(sum(energy_wh) filter (price_per_kwh is null), 0)::bigint as unpriced_wh,
        (coalesce(sum(energy_wh * price_per_kwh), 0) / 1000)::decimal(14, 4) as energy_cost,
        case
            when count(*) = count(g_per_kwh) and not (select is_export from register)
            then round(sum(energy_wh * g_per_kwh) / 1000)::bigint
        end as co2_g
    from priced
    group by local_date
)
select
    $register_id as register_id,
    c.local_date,
    t.tariff,
    t.currency,
    c.energy_wh,
    c.unpriced_wh,
    c.energy_cost,
    coalesce(
        round(t.fee_per_month * day(c.local_date) / day(last_day(c.local_date)), 4)
            - round(t.fee_per_month * (day(c.local_date) - 1) / day(last_day(c.local_date)), 4),
        0
    )::decimal(14, 4) as fee,
    c.co2_g
from counted c
join days d using (local_date)
left join core.tariffs t on t.register_id = $register_id and t.tariff = d.tariff;
