create table raw.restored_pictures (
    store varchar not null,
    store_key varchar not null,
    restored_at timestamptz not null
);
comment on table raw.restored_pictures is 'pictures that a person brought back into the store; the backup counts them as new from then on';
comment on column raw.restored_pictures.store is 'the address of the store, as in the settings';
comment on column raw.restored_pictures.store_key is 'the picture''s key in that store';
comment on column raw.restored_pictures.restored_at is 'when it was last brought back, UTC';
