create schema if not exists out;

create or replace view out.readings as
select
    g.meter,
    g.obis_code,
    r.read_at,
    r.read_at at time zone g.timezone as read_local,
    (r.value_wh / 1000)::decimal(14, 3) as value_kwh,
    r.quality::varchar as quality,
    r.reason,
    r.recognised_text,
    r.probability,
    r.settled,
    r.picture_key
from core.register_readings r
join core.registers g using (register_id);
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
        when not exists (from core.registers g where g.camera = p.camera) then 'unknown_camera'
    end as reason,
    p.source,
    p.picture_key
from raw.pictures p;
comment on view out.pictures is 'every picture that arrived; reason says why one cannot be used (yet)';

create or replace view out.consumption_15min as
select
    g.meter,
    g.obis_code,
    i.start_at,
    i.end_at,
    i.local_date + to_seconds(i.local_minute::integer * 60 + epoch(i.start_at)::bigint % 900) as start_local,
    i.local_date,
    (i.energy_wh / 1000)::decimal(14, 3) as energy_kwh,
    round(i.energy_wh * 3600 / date_diff('second', i.start_at, i.end_at))::bigint as mean_w,
    i.quality::varchar as quality,
    i.n_readings
from core.interval_15min i
join core.registers g using (register_id);
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
    round(h.energy_wh * 3600 / date_diff('second', h.start_at, h.end_at))::bigint as mean_w
from hours h
join core.registers g using (register_id);
comment on view out.consumption_hour is 'energy of every local hour';

create or replace view out.consumption_day as
select
    g.meter,
    g.obis_code,
    d.local_date,
    date_diff('second', d.start_at, d.end_at) / 3600 as hours,
    (d.energy_wh / 1000)::decimal(14, 3) as energy_kwh,
    (d.estimated_wh / 1000)::decimal(14, 3) as estimated_kwh,
    d.base_load_w,
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
    sum(date_diff('second', d.start_at, d.end_at)) / 3600 as hours,
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
    sum(date_diff('second', d.start_at, d.end_at)) / 3600 as hours,
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
    sum(date_diff('second', d.start_at, d.end_at)) / 3600 as hours,
    (sum(d.energy_wh) / 1000)::decimal(14, 3) as energy_kwh,
    (sum(d.estimated_wh) / 1000)::decimal(14, 3) as estimated_kwh
from core.interval_day d
join core.registers g using (register_id)
group by all;
comment on view out.consumption_year is 'energy of every year';

create or replace view out.load_profile as
with quarter_hours as (
    select
        register_id,
        isodow(local_date) as weekday,
        local_minute // 60 as hour,
        energy_wh * 3600 / date_diff('second', start_at, end_at) as mean_w
    from core.interval_15min
    where quality = 'measured'
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
comment on view out.load_profile is 'usual power by weekday (1 is Monday) and local hour, from measured quarter hours';

create or replace view out.data_quality_day as
select
    g.meter,
    g.obis_code,
    d.local_date,
    d.n_readings,
    d.n_accepted - d.n_repaired as n_measured,
    d.n_repaired,
    d.n_readings - d.n_accepted as n_rejected,
    d.n_accepted / nullif(d.n_readings, 0) as accepted_share,
    (d.estimated_wh / 1000)::decimal(14, 3) as estimated_kwh
from core.interval_day d
join core.registers g using (register_id);
comment on view out.data_quality_day is 'how many pictures of a day gave a reading, and how much energy is estimated';
