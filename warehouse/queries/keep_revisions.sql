-- Readings whose value, quality or reason the incoming decisions change, as they were.
insert into core.reading_revisions by name
select kept.*, $decided_at::timestamptz as replaced_at
from core.register_readings kept
join incoming using (register_id, picture_key)
where kept.quality <> 'manual'
    and (
        kept.value_wh is distinct from incoming.value_wh
        or kept.quality::varchar <> incoming.quality
        or kept.reason is distinct from incoming.reason
        or kept.read_at <> incoming.read_at
    );
