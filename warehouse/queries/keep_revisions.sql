-- Readings whose value, quality or reason the incoming decisions change, as they were.
insert into core.reading_revisions by name
select kept.*, $decided_at::timestamptz as replaced_at
from core.register_readings kept
join incoming using (register_id, picture_key)
where kept.read_at between $first_at::timestamptz and $last_at::timestamptz
    and (
        kept.value_wh is distinct from incoming.value_wh
        or kept.quality::varchar <> incoming.quality
        or kept.reason is distinct from incoming.reason
    )
    and (
        incoming.quality = 'manual'
        or not exists (
            from core.corrections c
            where c.register_id = kept.register_id and c.picture_key = kept.picture_key and c.undone_at is null
        )
    );
