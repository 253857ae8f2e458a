create schema if not exists out;

-- Meter and OBIS code are cut from register_id: a join would keep "the newest twenty" from being found without sorting.
create or replace view out.readings as
select
    split_part(register_id, '/', 1) as meter,
    split_part(register_id, '/', 2) as obis_code,
    read_at,
    read_local,
    (value_wh / 1000)::decimal(14, 3) as value_kwh,
    (low_wh / 1000)::decimal(14, 3) as low_kwh,
    (high_wh / 1000)::decimal(14, 3) as high_kwh,
    quality::varchar as quality,
    reason,
    recognised_text,
    probability,
    settled,
    picture_key
from core.register_readings;
comment on view out.readings is 'what the registers showed, picture by picture, rejected ones included';

create or replace view out.pictures as
select
    p.camera,
    p.taken_at,
    p.time_source,
    p.received_at,
    p.media_type,
    p.width,
    p.height,
    p.size_bytes,
    case
        when p.reason is not null then p.reason
        when c.camera is null or coalesce(p.taken_at, p.received_at) >= c.until_at then 'unknown_camera'
    end as reason,
    p.source,
    p.picture_key
from raw.pictures p
left join (select camera, max(until_at) as until_at from core.cameras group by camera) c on c.camera = p.camera;
comment on view out.pictures is 'every picture that arrived; reason says why one cannot be used (yet)';

-- Seconds are subtracted as numbers: date_diff asks a calendar for every row, which takes most of the view's time.
create or replace view out.consumption_15min as
select
    split_part(register_id, '/', 1) as meter,
    split_part(register_id, '/', 2) as obis_code,
    start_at,
    end_at,
    local_date + to_seconds(local_minute::integer * 60 + epoch(start_at)::bigint % 900) as start_local,
    local_date,
    (energy_wh / 1000)::decimal(14, 3) as energy_kwh,
    (uncertainty_wh / 1000)::decimal(14, 3) as uncertainty_kwh,
    round(energy_wh * 3600 / (epoch_us(end_at) // 1000000 - epoch_us(start_at) // 1000000))::bigint as mean_w,
    quality::varchar as quality,
    n_readings
from core.interval_15min;
comment on view out.consumption_15min is 'energy of every quarter hour; quality is estimated where pictures are missing';

-- The hour that the clocks repeat in autumn stays two hours: the offset from UTC keeps them apart.
create or replace view out.consumption_hour as
with quarter_hours as (
    select
        register_id,
        local_date,
        local_minute // 60 as hour,
        epoch(local_date) + local_minute::integer * 60 - epoch(start_at) // 900 * 900 as offset_s,
        start_at, end_at, energy_wh, quality
    from core.interval_15min
),
hours as (
    select
        register_id, local_date, hour, offset_s,
        min(start_at) as start_at,
        max(end_at) as end_at,
        sum(energy_wh) as energy_wh,
        coalesce(sum(energy_wh) filter (quality = 'estimated'), 0) as estimated_wh
    from quarter_hours
    group by all
)
select
    g.meter,
    g.obis_code,
    h.local_date,
    h.hour::integer as hour,
    h.start_at,
    h.end_at,
    (h.energy_wh / 1000)::decimal(14, 3) as energy_kwh,
    (h.estimated_wh / 1000)::decimal(14, 3) as estimated_kwh,
    round(h.energy_wh * 3600 / (epoch_us(h.end_at) // 1000000 - epoch_us(h.start_at) // 1000000))::bigint as mean_w
from hours h
join core.registers g using (register_id);
comment on view out.consumption_hour is 'energy of every local hour';

create or replace view out.consumption_day as
select
    g.meter,
    g.obis_code,
    d.local_date,
    d.covered_s / 3600 as hours,
    (d.energy_wh / 1000)::decimal(14, 3) as energy_kwh,
    (d.estimated_wh / 1000)::decimal(14, 3) as estimated_kwh,
    (d.uncertainty_wh / 1000)::decimal(14, 3) as uncertainty_kwh,
    d.base_load_w,
    d.base_load_uncertainty_w,
    d.peak_w,
    d.peak_at at time zone g.timezone as peak_local,
    d.n_readings,
    d.n_accepted,
    d.n_repaired
from core.interval_day d
join core.registers g using (register_id);
comment on view out.consumption_day is 'energy, base load and peak of every local day; hours is what the readings cover';

create or replace view out.consumption_week as
select
    g.meter,
    g.obis_code,
    date_trunc('week', d.local_date)::date as week_start,
    count(*) as days,
    sum(d.covered_s) / 3600 as hours,
    (sum(d.energy_wh) / 1000)::decimal(14, 3) as energy_kwh,
    (sum(d.estimated_wh) / 1000)::decimal(14, 3) as estimated_kwh
from core.interval_day d
join core.registers g using (register_id)
group by all;
comment on view out.consumption_week is 'energy of every week from Monday to Sunday';

create or replace view out.consumption_month as
select
    g.meter,
    g.obis_code,
    date_trunc('month', d.local_date)::date as month_start,
    count(*) as days,
    sum(d.covered_s) / 3600 as hours,
    (sum(d.energy_wh) / 1000)::decimal(14, 3) as energy_kwh,
    (sum(d.estimated_wh) / 1000)::decimal(14, 3) as estimated_kwh,
    median(d.base_load_w)::integer as base_load_w,
    max(d.peak_w) as peak_w
from core.interval_day d
join core.registers g using (register_id)
group by all;
comment on view out.consumption_month is 'energy of every month; base load is the median of its days';

create or replace view out.consumption_year as
select
    g.meter,
    g.obis_code,
    year(d.local_date) as year,
    count(*) as days,
    sum(d.covered_s) / 3600 as hours,
    (sum(d.energy_wh) / 1000)::decimal(14, 3) as energy_kwh,
    (sum(d.estimated_wh) / 1000)::decimal(14, 3) as estimated_kwh
from core.interval_day d
join core.registers g using (register_id)
group by all;
comment on view out.consumption_year is 'energy of every year';

create or replace view out.load_profile as
with newest as (
    select register_id, max(local_date) - 366 as after_date from core.interval_day group by register_id
),
quarter_hours as (
    select
        i.register_id,
        isodow(i.local_date) as weekday,
        i.local_minute // 60 as hour,
        i.energy_wh * 3600 / (epoch_us(i.end_at) // 1000000 - epoch_us(i.start_at) // 1000000) as mean_w
    from core.interval_15min i
    join newest n on n.register_id = i.register_id and i.local_date > n.after_date
    where i.quality = 'measured'
)
select
    g.meter,
    g.obis_code,
    q.weekday,
    q.hour::integer as hour,
    round(avg(q.mean_w))::integer as mean_w,
    round(quantile_cont(q.mean_w, 0.1))::integer as p10_w,
    round(quantile_cont(q.mean_w, 0.5))::integer as median_w,
    round(quantile_cont(q.mean_w, 0.9))::integer as p90_w,
    count(*) as quarter_hours
from quarter_hours q
join core.registers g using (register_id)
group by all;
comment on view out.load_profile is 'usual power by weekday (1 is Monday) and local hour, from the measured quarter hours of the newest 366 days';

-- The error of a median of n days is 1.25 times that of their mean; their spread is taken between the 16 % and 84 %
-- quantiles, which a day of visitors does not move.
create or replace view out.base_load as
with medians as (
    select
        register_id,
        local_date,
        base_load_w,
        base_load_uncertainty_w,
        median(base_load_w) over fortnight as usual_w,
        (quantile_cont(base_load_w, 0.84) over fortnight - quantile_cont(base_load_w, 0.16) over fortnight) / 2
            as spread_w,
        count(base_load_w) over fortnight as n_days,
        median(base_load_w) over two_months as before_w,
        (quantile_cont(base_load_w, 0.84) over two_months - quantile_cont(base_load_w, 0.16) over two_months) / 2
            as before_spread_w,
        count(base_load_w) over two_months as before_n_days
    from core.interval_day
    window
        fortnight as (
            partition by register_id order by local_date range between interval 13 day preceding and current row
        ),
        two_months as (
            partition by register_id order by local_date
            range between interval 73 day preceding and interval 14 day preceding
        )
),
errors as (
    select
        *,
        case when n_days >= 7 then greatest(1.96 * 1.25 * spread_w / sqrt(n_days), 1) end as usual_uncertainty_w,
        case when before_n_days >= 20 then greatest(1.96 * 1.25 * before_spread_w / sqrt(before_n_days), 1) end
            as before_uncertainty_w
    from medians
)
select
    g.meter,
    g.obis_code,
    e.local_date,
    e.base_load_w,
    e.base_load_uncertainty_w,
    round(e.usual_w)::integer as usual_w,
    ceil(e.usual_uncertainty_w)::integer as usual_uncertainty_w,
    round(e.before_w)::integer as before_w,
    round(e.usual_w - e.before_w)::integer as change_w,
    ceil(sqrt(e.usual_uncertainty_w ** 2 + e.before_uncertainty_w ** 2))::integer as change_uncertainty_w
from errors e
join core.registers g using (register_id);
comment on view out.base_load is 'power that never goes away: of the day, the median of 14 days, and its change against the 60 days before';

create or replace view out.base_load_changes as
with judged as (
    select
        *,
        coalesce(abs(change_w) > change_uncertainty_w and abs(change_w) >= 5, false) as is_change
    from out.base_load
),
begun as (
    select *, lag(is_change, 1, false) over (partition by meter, obis_code order by local_date) as was_change
    from judged
)
select
    meter,
    obis_code,
    local_date as noticed_date,
    before_w,
    usual_w as after_w,
    change_w,
    change_uncertainty_w,
    (change_w * 8.766)::decimal(14, 3) as kwh_per_year
from begun
where is_change and not was_change;
comment on view out.base_load_changes is 'days on which the base load was first found changed beyond its error, and what the change comes to in a year';

create or replace view out.peaks as
with ranked as (
    select
        register_id,
        date_trunc('month', local_date)::date as month_start,
        row_number() over (
            partition by register_id, date_trunc('month', local_date) order by peak_w desc, peak_at
        ) as rank,
        peak_at,
        peak_w
    from core.interval_day
)
select g.meter, g.obis_code, r.month_start, r.rank, r.peak_at at time zone g.timezone as peak_local, r.peak_w
from ranked r
join core.registers g using (register_id)
where r.rank <= 5;
comment on view out.peaks is 'the five highest quarter hours of every month, one a day at most';

create or replace view out.cost_day as
select
    g.meter,
    g.obis_code,
    c.local_date,
    c.tariff,
    c.currency,
    (c.energy_wh / 1000)::decimal(14, 3) as energy_kwh,
    (c.unpriced_wh / 1000)::decimal(14, 3) as unpriced_kwh,
    c.energy_cost,
    c.fee,
    (c.energy_cost + c.fee)::decimal(14, 4) as cost
from core.cost_day c
join core.registers g using (register_id)
where c.tariff is not null;
comment on view out.cost_day is 'what every local day cost by its tariff; below 0 is what feeding in earned';

create or replace view out.cost_month as
select
    meter,
    obis_code,
    date_trunc('month', local_date)::date as month_start,
    tariff,
    currency,
    count(*) as days,
    sum(energy_kwh)::decimal(14, 3) as energy_kwh,
    sum(unpriced_kwh)::decimal(14, 3) as unpriced_kwh,
    sum(energy_cost)::decimal(14, 4) as energy_cost,
    sum(fee)::decimal(14, 4) as fee,
    sum(cost)::decimal(14, 4) as cost
from out.cost_day
group by all;
comment on view out.cost_month is 'what every month cost, by tariff; days without readings are not in it';

create or replace view out.cost_year as
select
    meter,
    obis_code,
    year(local_date) as year,
    tariff,
    currency,
    count(*) as days,
    sum(energy_kwh)::decimal(14, 3) as energy_kwh,
    sum(unpriced_kwh)::decimal(14, 3) as unpriced_kwh,
    sum(energy_cost)::decimal(14, 4) as energy_cost,
    sum(fee)::decimal(14, 4) as fee,
    sum(cost)::decimal(14, 4) as cost
from out.cost_day
group by all;
comment on view out.cost_year is 'what every year cost, by tariff; days without readings are not in it';

create or replace view out.co2_month as
select
    g.meter,
    g.obis_code,
    date_trunc('month', c.local_date)::date as month_start,
    count(c.co2_g) as days,
    (sum(c.energy_wh) filter (c.co2_g is not null) / 1000)::decimal(14, 3) as energy_kwh,
    (sum(c.co2_g) / 1000)::decimal(14, 3) as co2_kg
from core.cost_day c
join core.registers g using (register_id)
group by all
having count(c.co2_g) > 0;
comment on view out.co2_month is 'CO2 of every month''s energy; only days that a factor is known for';

create or replace view out.comparison as
with full_days as (
    select d.register_id, d.local_date, d.energy_wh
    from core.interval_day d
    join core.registers g using (register_id)
    where ((d.start_at - interval 1 microsecond) at time zone g.timezone)::date < d.local_date
        and (d.end_at at time zone g.timezone)::date > d.local_date
        and d.covered_s = date_diff('second', d.start_at, d.end_at)
),
newest as (
    select register_id, max(local_date) as to_date from full_days group by register_id
),
periods as (
    select register_id, n || ' days' as period, to_date - n + 1 as from_date, to_date, to_date - 2 * n + 1 as before_from
    from newest
    cross join (values (7), (28), (365)) lengths(n)
    union all
    select
        register_id, 'month so far', date_trunc('month', to_date)::date, to_date,
        (date_trunc('month', to_date) - interval 1 month)::date
    from newest
    union all
    select
        register_id, 'year so far', date_trunc('year', to_date)::date, to_date,
        (date_trunc('year', to_date) - interval 1 year)::date
    from newest
),
spans as (
    select *, least(before_from + (to_date - from_date)::integer, from_date - 1) as before_to from periods
),
sums as (
    select
        s.register_id, s.period, s.from_date, s.to_date, s.before_from, s.before_to,
        count(*) filter (d.local_date between s.from_date and s.to_date) as days,
        coalesce(sum(d.energy_wh) filter (d.local_date between s.from_date and s.to_date), 0) as energy_wh,
        count(*) filter (d.local_date between s.before_from and s.before_to) as before_days,
        coalesce(sum(d.energy_wh) filter (d.local_date between s.before_from and s.before_to), 0) as before_wh
    from spans s
    join full_days d on d.register_id = s.register_id and d.local_date between s.before_from and s.to_date
    group by all
)
select
    g.meter,
    g.obis_code,
    s.period,
    s.from_date,
    s.to_date,
    s.days,
    (s.energy_wh / 1000)::decimal(14, 3) as energy_kwh,
    s.before_from,
    s.before_to,
    s.before_days,
    (s.before_wh / 1000)::decimal(14, 3) as before_kwh,
    round(100 * (s.energy_wh / s.days / nullif(s.before_wh / nullif(s.before_days, 0), 0) - 1), 1) as change_percent
from sums s
join core.registers g using (register_id);
comment on view out.comparison is 'the newest days beside the same number of days before, by the mean of the full days of both';

create or replace view out.unusual_days as
with ranked as (
    select
        register_id,
        local_date,
        energy_wh,
        median(energy_wh) over year_before as usual_wh,
        quantile_cont(energy_wh, 0.985) over year_before as high_wh,
        quantile_cont(energy_wh, 0.015) over year_before as low_wh,
        count(*) over year_before as n_days
    from core.interval_day
    where covered_s >= 23 * 3600
    window year_before as (
        partition by register_id order by local_date
        range between interval 365 day preceding and interval 1 day preceding
    )
)
select
    g.meter,
    g.obis_code,
    r.local_date,
    case when r.energy_wh > r.high_wh then 'high' else 'low' end as kind,
    (r.energy_wh / 1000)::decimal(14, 3) as energy_kwh,
    (r.usual_wh / 1000)::decimal(14, 3) as usual_kwh
from ranked r
join core.registers g using (register_id)
where r.n_days >= 60 and (r.energy_wh > r.high_wh or r.energy_wh < r.low_wh);
comment on view out.unusual_days is 'days beyond 98.5 of 100 days of the year before, upwards or downwards';

create or replace view out.data_quality_day as
with counted as (
    select
        register_id,
        local_date,
        sum(n_pictures)::bigint as n_pictures,
        coalesce(sum(n_pictures) filter (outcome = 'measured'), 0)::bigint as n_measured,
        coalesce(sum(n_pictures) filter (outcome = 'repaired'), 0)::bigint as n_repaired,
        coalesce(sum(n_pictures) filter (outcome = 'estimated'), 0)::bigint as n_estimated,
        coalesce(sum(n_pictures) filter (outcome = 'manual'), 0)::bigint as n_manual,
        coalesce(sum(n_pictures) filter (outcome = 'rejected'), 0)::bigint as n_rejected,
        coalesce(sum(n_pictures) filter (outcome in ('unusable', 'waiting')), 0)::bigint as n_unusable,
        sum(latency_s) as latency_s,
        max(longest_latency_s) as longest_latency_s
    from core.quality_day
    group by register_id, local_date
)
select
    g.meter,
    g.obis_code,
    c.local_date,
    c.n_pictures,
    c.n_measured,
    c.n_repaired,
    c.n_estimated,
    c.n_manual,
    c.n_rejected,
    c.n_unusable,
    round((c.n_measured + c.n_repaired + c.n_manual) / c.n_pictures, 4) as accepted_share,
    (d.estimated_wh / 1000)::decimal(14, 3) as estimated_kwh,
    round(c.latency_s / c.n_pictures)::bigint as mean_latency_s,
    c.longest_latency_s
from counted c
join core.registers g using (register_id)
left join core.interval_day d on d.register_id = c.register_id and d.local_date = c.local_date;
comment on view out.data_quality_day is 'what became of a day''s pictures, how much energy is estimated, and how late they arrived';

create or replace view out.rejections_day as
select g.meter, g.obis_code, q.local_date, q.outcome, q.reason, sum(q.n_pictures)::bigint as n_pictures
from core.quality_day q
join core.registers g using (register_id)
where q.outcome in ('rejected', 'estimated', 'unusable')
group by all;
comment on view out.rejections_day is 'pictures of a day that gave no reading of their own, by reason';

create or replace view out.gaps as
with quarter_hours as (
    select *, lead(start_at) over (partition by register_id order by start_at) as next_at
    from core.interval_15min
),
unread as (
    select register_id, start_at, end_at, energy_wh from quarter_hours where quality = 'estimated'
    union all
    select register_id, end_at, next_at, null from quarter_hours where next_at > end_at
),
placed as (
    select
        *,
        (start_at is distinct from lag(end_at) over (partition by register_id order by start_at))::integer as is_first
    from unread
),
numbered as (
    select *, sum(is_first) over (partition by register_id order by start_at rows unbounded preceding) as stretch
    from placed
),
stretches as (
    select
        register_id,
        min(start_at) as start_at,
        max(end_at) as end_at,
        case when count(energy_wh) = count(*) then sum(energy_wh) end as energy_wh
    from numbered
    group by register_id, stretch
)
select
    g.meter,
    g.obis_code,
    s.start_at at time zone g.timezone as start_local,
    s.end_at at time zone g.timezone as end_local,
    (date_diff('second', s.start_at, s.end_at) / 3600)::decimal(10, 2) as hours,
    (s.energy_wh / 1000)::decimal(14, 3) as energy_kwh
from stretches s
join core.registers g using (register_id);
comment on view out.gaps is 'stretches without readings, to the quarter hour; their energy is certain, its time is not; null where the meter was exchanged meanwhile and nobody says what it showed';

create or replace view out.events as
select
    g.meter,
    g.obis_code,
    e.event_id,
    e.kind::varchar as kind,
    e.happened_at at time zone g.timezone as happened_local,
    (e.last_wh / 1000)::decimal(14, 3) as old_kwh,
    (e.first_wh / 1000)::decimal(14, 3) as new_kwh,
    (e.offset_wh / 1000)::decimal(14, 3) as offset_kwh,
    e.tariff,
    e.note
from core.events e
join core.registers g using (register_id)
where e.undone_at is null;
comment on view out.events is 'what people told of the meters';
