create table if not exists schema_migrations (
    name varchar primary key,
    sha256 varchar not null,
    applied_at timestamptz not null default now()
);
