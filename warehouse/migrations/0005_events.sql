create type core.event_kind as enum ('exchange', 'reset', 'offset', 'tariff', 'note');

create table core.events (
    event_id integer primary key,
    register_id varchar not null,
    kind core.event_kind not null,
    happened_at timestamptz not null,
    last_wh bigint,
    first_wh bigint,
    offset_wh bigint,
    tariff varchar,
    note varchar,
    made_at timestamptz not null,
    undone_at timestamptz
);
comment on table core.events is 'what happened to a meter, as people tell it; undone rows stay';
comment on column core.events.happened_at is 'pictures taken before it show the old register, later ones the new one';
comment on column core.events.last_wh is 'what the old register showed last';
comment on column core.events.first_wh is 'what the new register showed first';
comment on column core.events.offset_wh is 'how far the register was set forward (or back, below 0)';
comment on column core.events.tariff is 'the tariff that applies from here on';
comment on column core.events.undone_at is 'when a person took it back; null while it holds';

create table core.corrections (
    correction_id integer primary key,
    register_id varchar not null,
    picture_key varchar not null,
    taken_at timestamptz not null,
    value_wh bigint not null,
    note varchar,
    made_at timestamptz not null,
    undone_at timestamptz
);
comment on table core.corrections is 'readings that a person set; they hold against every reader, and undone rows stay';
comment on column core.corrections.picture_key is 'the picture, or manual/... for a reading without one';

create table core.proposals (
    register_id varchar not null,
    broke_at timestamptz not null,
    first_wh bigint not null,
    last_at timestamptz not null,
    last_wh bigint not null,
    n_pictures integer not null,
    log_odds double not null,
    proposed_at timestamptz not null,
    withdrawn_at timestamptz
);
comment on table core.proposals is 'breaks in a series that look like an exchanged meter; a person confirms one with an event';
comment on column core.proposals.broke_at is 'first picture after the break';
comment on column core.proposals.first_wh is 'what it shows';
comment on column core.proposals.last_at is 'last picture before the break';
comment on column core.proposals.last_wh is 'what it shows';
comment on column core.proposals.n_pictures is 'pictures that the rejected side would give';
comment on column core.proposals.log_odds is 'how much likelier a second series is than misreads, in nats';
comment on column core.proposals.withdrawn_at is 'when later pictures spoke against it';

create table core.habits (
    register_id varchar not null,
    learned_at timestamptz not null,
    kind varchar not null,
    i bigint not null,
    j bigint not null,
    value double not null
);
comment on table core.habits is 'what decoding has learned of a household''s use of power and of its reader; the newest set of a register';

create table core.pending (
    mark uuid not null,
    register_id varchar not null,
    step varchar not null,
    from_at timestamptz,
    to_at timestamptz,
    check (step in ('read', 'decode', 'derive'))
);
comment on table core.pending is 'spans of a register that a step has yet to work on; every change leaves a mark in its own transaction';
comment on column core.pending.from_at is 'null: from the first picture on';
comment on column core.pending.to_at is 'null: up to the newest picture';

create table core.new_register_readings (
    register_id varchar not null,
    picture_key varchar not null,
    read_at timestamptz not null,
    read_local timestamp not null,
    value_wh bigint,
    low_wh bigint,
    high_wh bigint,
    tenth utinyint,
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
insert into core.new_register_readings by name
select r.*, r.read_at at time zone g.timezone as read_local
from core.register_readings r
join core.registers g using (register_id)
order by r.register_id, r.read_at;

create table core.new_reading_revisions (
    register_id varchar not null,
    picture_key varchar not null,
    read_at timestamptz not null,
    read_local timestamp not null,
    value_wh bigint,
    low_wh bigint,
    high_wh bigint,
    tenth utinyint,
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
insert into core.new_reading_revisions by name
select r.*, r.read_at at time zone g.timezone as read_local
from core.reading_revisions r
join core.registers g using (register_id)
order by r.replaced_at;

insert into core.corrections
select
    row_number() over (order by read_at), register_id, picture_key, read_at, value_wh, null, decided_at, null
from core.register_readings
where quality = 'manual';

drop table core.register_readings;
alter table core.new_register_readings rename to register_readings;
drop table core.reading_revisions;
alter table core.new_reading_revisions rename to reading_revisions;
drop table core.derivations;

-- What session after session asked of whole tables is a mark from here on: everything once.
insert into core.pending
select uuid(), register_id, step, null, null
from core.registers
cross join (values ('read'), ('decode'), ('derive')) steps(step);

comment on table core.register_readings is 'what the register showed; one row per register and picture';
comment on column core.register_readings.read_at is 'instant the picture was taken';
comment on column core.register_readings.read_local is 'the same in the meter''s local time';
comment on column core.register_readings.value_wh is 'cumulative register reading in Wh; it rolls over; null when rejected';
comment on column core.register_readings.low_wh is 'of an estimated reading: the register showed at least this';
comment on column core.register_readings.high_wh is 'of an estimated reading: the register showed at most this';
comment on column core.register_readings.tenth is 'tenth of a step by which the last drum had turned, 0 to 9; null when unknown';
comment on column core.register_readings.quality is 'measured: the best candidate fits the series; repaired: a lower candidate fits; estimated: its neighbours leave no choice; manual: a person set it; rejected: see reason';
comment on column core.register_readings.reason is 'why the picture gave no reading: no_candidate_fits, doubtful, same_instant, wrong_number_of_digits or the reader''s own reason';
comment on column core.register_readings.recognised_text is 'the most probable text of the picture, also where another candidate was chosen';
comment on column core.register_readings.probability is 'probability that the reader gave the chosen candidate';
comment on column core.register_readings.log_odds is 'how much likelier the reading is than rejecting it or another candidate, given its neighbours; at least 2 when accepted';
comment on column core.register_readings.settled is 'enough later readings agree; before that the result is provisional';
comment on column core.register_readings.recognised_at is 'the recognition that the decision rests on';
comment on column core.register_readings.decided_at is 'instant of the decision; grows with every change';
comment on table core.reading_revisions is 'readings as they were before later pictures or a person changed the decision';
comment on column core.reading_revisions.replaced_at is 'instant of the decision that took its place';
