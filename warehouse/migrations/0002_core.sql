create schema core;
create type core.reading_quality as enum ('measured', 'repaired', 'estimated', 'manual', 'rejected');
create type core.interval_quality as enum ('measured', 'estimated');

create table core.registers (
    register_id varchar primary key,
    meter varchar not null,
    camera varchar not null,
    obis_code varchar not null,
    digits utinyint not null,
    decimals utinyint not null,
    max_power_w integer not null,
    timezone varchar not null
);
comment on table core.registers is 'the counters that are read, as the settings describe them';
comment on column core.registers.register_id is 'meter and OBIS code, for example home/1-0:1.8.0';
comment on column core.registers.obis_code is 'what the register counts: 1-0:1.8.0 is energy drawn from the grid';
comment on column core.registers.digits is 'drums, decimals included';
comment on column core.registers.decimals is 'how many of the drums are decimals of a kWh';
comment on column core.registers.max_power_w is 'what the fuses let through';
comment on column core.registers.timezone is 'IANA name of the meter''s local time';

create table core.register_readings (
    register_id varchar not null,
    picture_key varchar not null,
    read_at timestamptz not null,
    value_wh bigint,
    quality core.reading_quality not null,
    reason varchar,
    recognised_text varchar,
    probability double,
    log_odds double,
    settled boolean not null,
    recognised_at timestamptz,
    decided_at timestamptz not null,
    check ((quality = 'rejected') = (value_wh is null))
);
comment on table core.register_readings is 'what the register showed; one row per register and picture';
comment on column core.register_readings.read_at is 'instant the picture was taken';
comment on column core.register_readings.value_wh is 'cumulative register reading in Wh; it rolls over; null when rejected';
comment on column core.register_readings.quality is 'measured: the best candidate fits the series; repaired: a lower candidate fits; manual: a person set it; rejected: see reason';
comment on column core.register_readings.reason is 'why there is no reading: no_candidate_fits, doubtful, same_instant, wrong_number_of_digits or the reader''s own reason';
comment on column core.register_readings.recognised_text is 'the most probable text of the picture, also where another candidate was chosen';
comment on column core.register_readings.probability is 'probability that the reader gave the chosen candidate';
comment on column core.register_readings.log_odds is 'how much likelier the reading is than rejecting it or another candidate, given its neighbours; at least 2 when accepted';
comment on column core.register_readings.settled is 'enough later readings agree; before that the result is provisional';
comment on column core.register_readings.recognised_at is 'the recognition that the decision rests on';
comment on column core.register_readings.decided_at is 'instant of the decision; grows with every change';

create table core.reading_revisions (
    register_id varchar not null,
    picture_key varchar not null,
    read_at timestamptz not null,
    value_wh bigint,
    quality core.reading_quality not null,
    reason varchar,
    recognised_text varchar,
    probability double,
    log_odds double,
    settled boolean not null,
    recognised_at timestamptz,
    decided_at timestamptz not null,
    replaced_at timestamptz not null
);
comment on table core.reading_revisions is 'readings as they were before later pictures changed the decision';
comment on column core.reading_revisions.replaced_at is 'instant of the decision that took its place';

create table core.derivations (
    register_id varchar primary key,
    decided_until timestamptz not null
);
comment on table core.derivations is 'the newest decision that the interval data of a register include';

create table core.interval_15min (
    register_id varchar not null,
    start_at timestamptz not null,
    end_at timestamptz not null,
    local_date date not null,
    local_minute usmallint not null,
    energy_wh bigint not null,
    quality core.interval_quality not null,
    n_readings integer not null
);
comment on table core.interval_15min is 'energy of every quarter hour; the first and the last one end at the first and the last reading';
comment on column core.interval_15min.local_minute is 'minute of the local day at which the quarter hour begins';
comment on column core.interval_15min.quality is 'estimated: the quarter hour touches a gap between readings';
comment on column core.interval_15min.n_readings is 'accepted readings in the quarter hour';

create table core.interval_day (
    register_id varchar not null,
    local_date date not null,
    start_at timestamptz not null,
    end_at timestamptz not null,
    energy_wh bigint not null,
    estimated_wh bigint not null,
    base_load_w integer,
    peak_w integer not null,
    peak_at timestamptz not null,
    n_readings integer not null,
    n_accepted integer not null,
    n_repaired integer not null
);
comment on table core.interval_day is 'energy, base load and peak of every local day';
comment on column core.interval_day.start_at is 'where the readings begin to cover the day; local midnight on a full day';
comment on column core.interval_day.end_at is 'where they cease to; the next local midnight on a full day';
comment on column core.interval_day.estimated_wh is 'the part of energy_wh that lies in estimated quarter hours';
comment on column core.interval_day.base_load_w is '10 % quantile of the mean power of the quarter hours from 0 to 5 h; null when less than 3 h of it are measured';
comment on column core.interval_day.peak_w is 'highest mean power of a quarter hour';
comment on column core.interval_day.n_readings is 'pictures of the day that were decided, rejected ones included';
