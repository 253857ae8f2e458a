-- How far each store has been listed. A hint: without it everything is listed again.
create table raw.store_cursors (
    store varchar not null,
    cursor varchar not null,
    listed_at timestamptz not null
);
comment on table raw.store_cursors is 'how far each store has been listed; everything before the cursor is in raw.pictures';
comment on column raw.store_cursors.store is 'the address of the store, as in the settings';
comment on column raw.store_cursors.cursor is 'what the store needs to tell only what is new';
comment on column raw.store_cursors.listed_at is 'when that was, UTC';
