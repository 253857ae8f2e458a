-- Readings of a span, and what people set in it.
select
    (
        select count(*) from core.register_readings
        where read_at between $first_at::timestamptz and $last_at::timestamptz
    ) + (
        select count(*) from core.corrections
        where taken_at between $first_at::timestamptz and $last_at::timestamptz and undone_at is null
    ) as n_known;
