create table core.new_interval_15min (
    register_id varchar not null,
    start_at timestamptz not null,
    end_at timestamptz not null,
    local_date date not null,
    local_minute usmallint not null,
    energy_wh bigint not null,
    uncertainty_wh bigint,
    quality core.interval_quality not null,
    n_readings integer not null
);
insert into core.new_interval_15min by name
from core.interval_15min
order by register_id, start_at;
drop table core.interval_15min;
alter table core.new_interval_15min rename to interval_15min;

create table core.new_interval_day (
    register_id varchar not null,
    local_date date not null,
    start_at timestamptz not null,
    end_at timestamptz not null,
    energy_wh bigint not null,
    estimated_wh bigint not null,
    uncertainty_wh bigint,
    base_load_w integer,
    base_load_uncertainty_w integer,
    peak_w integer not null,
    peak_at timestamptz not null,
    n_readings integer not null,
    n_accepted integer not null,
    n_repaired integer not null
);
insert into core.new_interval_day by name
from core.interval_day
order by register_id, local_date;
drop table core.interval_day;
alter table core.new_interval_day rename to interval_day;

comment on table core.interval_15min is 'energy of every quarter hour; the first and the last one end at the first and the last reading';
comment on column core.interval_15min.local_minute is 'minute of the local day at which the quarter hour begins';
comment on column core.interval_15min.uncertainty_wh is 'the true energy lies within this of energy_wh in 95 of 100 cases';
comment on column core.interval_15min.quality is 'estimated: the quarter hour touches a gap between readings';
comment on column core.interval_15min.n_readings is 'accepted readings in the quarter hour';
comment on table core.interval_day is 'energy, base load and peak of every local day';
comment on column core.interval_day.start_at is 'where the readings begin to cover the day; local midnight on a full day';
comment on column core.interval_day.end_at is 'where they cease to; the next local midnight on a full day';
comment on column core.interval_day.estimated_wh is 'the part of energy_wh that lies in estimated quarter hours';
comment on column core.interval_day.uncertainty_wh is 'the true energy lies within this of energy_wh in 95 of 100 cases';
comment on column core.interval_day.base_load_w is 'lowest power held for hours of the night; null when the readings cannot tell';
comment on column core.interval_day.base_load_uncertainty_w is 'the true base load lies within this of base_load_w in 95 of 100 cases';
comment on column core.interval_day.peak_w is 'highest mean power of a quarter hour';
comment on column core.interval_day.n_readings is 'pictures of the day that were decided, rejected ones included';

create table core.quality_day (
    register_id varchar not null,
    local_date date not null,
    reason varchar,
    outcome varchar not null,
    n_pictures integer not null,
    latency_s bigint not null,
    longest_latency_s bigint not null
);
comment on table core.quality_day is 'what became of every local day''s pictures, by outcome and reason';
comment on column core.quality_day.outcome is 'quality of the reading, or unusable for a picture that no reader saw';
comment on column core.quality_day.latency_s is 'from picture to archive, all pictures together';

create table core.rhythm_day (
    register_id varchar not null,
    local_date date not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    n_pictures integer not null,
    distance_s double,
    n_distances integer not null,
    n_usual integer not null
);
comment on table core.rhythm_day is 'how regularly a register''s pictures were taken on every local day';
comment on column core.rhythm_day.distance_s is 'median distance of two pictures; null with fewer than two';
comment on column core.rhythm_day.n_distances is 'distances above 0';
comment on column core.rhythm_day.n_usual is 'those that differ by at most a tenth from the median';

create table core.tariffs (
    register_id varchar not null,
    tariff varchar not null,
    from_date date,
    currency varchar not null,
    fee_per_month decimal(14, 4) not null,
    area varchar,
    factor decimal(14, 6) not null,
    surcharge_per_kwh decimal(14, 6) not null
);
comment on table core.tariffs is 'the tariffs of each register, as the settings describe them';
comment on column core.tariffs.from_date is 'local day on which it begins; null: only where an event chooses it';
comment on column core.tariffs.area is 'whose day-ahead prices it follows; null when it has prices of its own';
comment on column core.tariffs.factor is 'what a day-ahead price is multiplied by (VAT)';

create table core.rates (
    register_id varchar not null,
    tariff varchar not null,
    weekday utinyint not null,
    quarter_hour utinyint not null,
    price_per_kwh decimal(14, 6) not null
);
comment on table core.rates is 'price of every quarter hour of the week; below 0 where energy is sold';
comment on column core.rates.weekday is '1 is Monday';
comment on column core.rates.quarter_hour is 'of the local day, 0 to 95';

create table core.prices (
    area varchar not null,
    start_at timestamptz not null,
    price_per_kwh decimal(14, 6) not null
);
comment on table core.prices is 'day-ahead prices, as loaded; each holds until the next, at most an hour';

create table core.co2_factors (
    start_at timestamptz not null,
    g_per_kwh double not null
);
comment on table core.co2_factors is 'CO2 per kWh from an instant on, until the next row';

create table core.cost_day (
    register_id varchar not null,
    local_date date not null,
    tariff varchar,
    currency varchar,
    energy_wh bigint not null,
    unpriced_wh bigint not null,
    energy_cost decimal(14, 4) not null,
    fee decimal(14, 4) not null,
    co2_g bigint
);
comment on table core.cost_day is 'what every local day''s energy cost and emitted';
comment on column core.cost_day.tariff is 'null on days without a tariff';
comment on column core.cost_day.unpriced_wh is 'the part of energy_wh that no price is known for';
comment on column core.cost_day.co2_g is 'null without a factor for all of the day';
