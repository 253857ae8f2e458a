create table core.changes (
    change_id bigint not null,
    part varchar not null,
    from_at timestamptz,
    check (part in ('pictures', 'recognitions', 'readings', 'intervals'))
);
comment on table core.changes is 'what changed last, so that a copy is brought up to date without comparing everything';
comment on column core.changes.from_at is 'rows from this instant on may have changed; null: any';
