-- Recognitions know when their picture was taken, so that a span of them is found without searching all of them.
create table raw.new_recognitions (
    picture_key varchar not null,
    register_id varchar not null,
    reader varchar not null,
    reader_version varchar not null,
    taken_at timestamptz,
    recognised_at timestamptz not null,
    reason varchar,
    milliseconds float,
    window_corners json,
    orientation varchar,
    tenth utinyint
);
insert into raw.new_recognitions by name
select r.*, p.taken_at
from raw.recognitions r
left join raw.pictures p using (picture_key)
order by p.taken_at, r.recognised_at;

create table raw.new_candidates (
    picture_key varchar not null,
    register_id varchar not null,
    reader varchar not null,
    reader_version varchar not null,
    taken_at timestamptz,
    rank utinyint not null,
    text varchar not null,
    half_step boolean not null,
    value_units bigint,
    probability double not null
);
insert into raw.new_candidates by name
select c.*, p.taken_at
from raw.candidates c
left join raw.pictures p using (picture_key)
order by p.taken_at, c.rank;

drop table raw.recognitions;
alter table raw.new_recognitions rename to recognitions;
drop table raw.candidates;
alter table raw.new_candidates rename to candidates;

comment on table raw.recognitions is 'what a reader made of a picture; one row per picture, register, reader and reader version, never edited';
comment on column raw.recognitions.register_id is 'meter and OBIS code, for example home/1-0:1.8.0';
comment on column raw.recognitions.reader_version is 'short hash of the reader''s weights, and after a dash of the window settings';
comment on column raw.recognitions.taken_at is 'instant the picture was taken';
comment on column raw.recognitions.reason is 'why nothing could be read (dark, blurred, no_counter, covered, unreadable_picture); null when something was';
comment on column raw.recognitions.milliseconds is 'time the reader needed';
comment on column raw.recognitions.window_corners is 'corners of the register window in picture pixels, from the counter''s top left, clockwise';
comment on column raw.recognitions.orientation is 'how the counter lies in the picture (turned, mirrored)';
comment on column raw.recognitions.tenth is 'tenth of a step by which the last drum has turned, 0 to 9; null when the reader cannot tell';
comment on table raw.candidates is 'every text the reader held possible; one row per recognition and rank, never edited';
comment on column raw.candidates.taken_at is 'instant the picture was taken';
comment on column raw.candidates.rank is '1 is the most probable text';
comment on column raw.candidates.text is 'the digits of all drums from left to right, without a decimal point';
comment on column raw.candidates.half_step is 'the last drum stands between two digits';
comment on column raw.candidates.value_units is 'the text as a number, in steps of the last drum; null when it has another number of digits than the register';

create table core.adoptions (
    register_id varchar not null,
    reader varchar not null,
    reader_version varchar not null,
    from_at timestamptz,
    to_at timestamptz,
    adopted_at timestamptz not null
);
comment on table core.adoptions is 'spans of pictures whose newer recognitions a person adopted; everywhere else the first recognition of a picture counts';
comment on column core.adoptions.from_at is 'pictures from this instant on; null: from the first';
comment on column core.adoptions.to_at is 'pictures up to this instant; null: up to the newest there was at adopted_at';
