create schema raw;

create table raw.pictures (
    picture_key varchar not null,
    camera varchar not null,
    taken_at timestamptz,
    time_source varchar not null,
    received_at timestamptz not null,
    content_sha256 varchar not null,
    size_bytes bigint not null,
    media_type varchar,
    width integer,
    height integer,
    reason varchar,
    facts json,
    source varchar not null
);
comment on table raw.pictures is 'every picture that arrived, usable or not; one row per picture_key, never edited';
comment on column raw.pictures.picture_key is 'name of the picture in store and archive, for example images/home/20260320/20260320_120000Z_000001.jpg';
comment on column raw.pictures.taken_at is 'instant the picture was taken; null when nothing tells it';
comment on column raw.pictures.time_source is 'what told taken_at: name, exif, labels or unknown';
comment on column raw.pictures.received_at is 'instant the picture reached the archive';
comment on column raw.pictures.content_sha256 is 'sha256 of the picture file, hexadecimal';
comment on column raw.pictures.reason is 'why the picture cannot be used (empty, not_a_picture, truncated, too_large, too_small, no_time, from_the_future, unknown_camera); null when it can';
comment on column raw.pictures.facts is 'what the camera wrote into the picture about the capture';
comment on column raw.pictures.source is 'where the picture came from: the store or an import';

create table raw.recognitions (
    picture_key varchar not null,
    register_id varchar not null,
    reader varchar not null,
    reader_version varchar not null,
    recognised_at timestamptz not null,
    reason varchar,
    milliseconds float,
    window_corners json,
    orientation varchar
);
comment on table raw.recognitions is 'what a reader made of a picture; one row per picture, register, reader and reader version, never edited';
comment on column raw.recognitions.register_id is 'meter and OBIS code, for example home/1-0:1.8.0';
comment on column raw.recognitions.reader_version is 'short hash of the reader''s weights';
comment on column raw.recognitions.reason is 'why nothing could be read (dark, blurred, no_counter, covered, unreadable_picture); null when something was';
comment on column raw.recognitions.milliseconds is 'time the reader needed';
comment on column raw.recognitions.window_corners is 'corners of the register window in picture pixels, from the counter''s top left, clockwise';
comment on column raw.recognitions.orientation is 'how the counter lies in the picture (turned, mirrored)';

create table raw.candidates (
    picture_key varchar not null,
    register_id varchar not null,
    reader varchar not null,
    reader_version varchar not null,
    rank utinyint not null,
    text varchar not null,
    half_step boolean not null,
    value_units bigint,
    probability double not null
);
comment on table raw.candidates is 'every text the reader held possible; one row per recognition and rank, never edited';
comment on column raw.candidates.rank is '1 is the most probable text';
comment on column raw.candidates.text is 'the digits of all drums from left to right, without a decimal point';
comment on column raw.candidates.half_step is 'the last drum stands between two digits';
comment on column raw.candidates.value_units is 'the text as a number, in steps of the last drum; null when it has another number of digits than the register';
