-- Decisions on pictures of a span that has none yet; what a person set is decided elsewhere.
insert into core.register_readings by name
select
    n.register_id, n.picture_key, n.read_at, n.read_at at time zone g.timezone as read_local, n.value_wh, n.low_wh,
    n.high_wh, n.tenth, n.quality, n.reason, n.recognised_text, n.probability, n.log_odds, n.settled, n.recognised_at,
    $decided_at::timestamptz as decided_at
from incoming n
join core.registers g using (register_id);
