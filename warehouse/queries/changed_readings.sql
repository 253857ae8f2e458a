-- Readings whose value, quality or reason the incoming decisions change or add, as a span; null when none.
select min(n.read_at) as from_at, max(n.read_at) as to_at, count(*) as n_changed
from incoming n
left join (
    from core.register_readings
    where read_at between $first_at::timestamptz and $last_at::timestamptz
) kept using (register_id, picture_key)
where kept.picture_key is null
    or kept.value_wh is distinct from n.value_wh
    or kept.quality::varchar <> n.quality
    or kept.reason is distinct from n.reason;
