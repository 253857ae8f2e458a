-- What the incoming decisions of a span meet: the readings whose value, quality or reason they change or add, as a
-- span (null when none), and how many of those are known; what is known of the span, readings and what people set;
-- all readings there are; and the instant of the decision. Decisions carry growing instants even when the clock is set
-- back: derivations and copies rely on their order.
with kept as materialized (
    select register_id, picture_key, value_wh, quality, reason
    from core.register_readings
    where read_at between $first_at::timestamptz and $last_at::timestamptz
),
changed as (
    select n.read_at, kept.picture_key is not null as is_known
    from incoming n
    left join kept using (register_id, picture_key)
    where kept.picture_key is null
        or kept.value_wh is distinct from n.value_wh
        or kept.quality::varchar <> n.quality
        or kept.reason is distinct from n.reason
)
select
    min(read_at) as from_at,
    max(read_at) as to_at,
    count(*) as n_changed,
    count(*) filter (is_known) as n_known_changed,
    (select count(*) from kept) + (
        select count(*) from core.corrections
        where taken_at between $first_at::timestamptz and $last_at::timestamptz and undone_at is null
    ) as n_known,
    (select count(*) from core.register_readings) as n_before,
    (
        select greatest(now(), coalesce(max(decided_at) + interval 1 microsecond, now()))
        from core.register_readings
    ) as decided_at
from changed;
