-- Decisions carry growing instants even when the clock is set back: derivations and copies rely on their order.
select greatest(now(), coalesce(max(decided_at) + interval 1 microsecond, now())) as decided_at
from core.register_readings;
