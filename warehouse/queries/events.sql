-- Everything people told, in order of when it happened; manual readings without a picture among it.
select
    e.event_id,
    e.register_id,
    e.kind::varchar as kind,
    e.happened_at,
    e.last_wh,
    e.first_wh,
    e.offset_wh,
    e.tariff,
    e.note,
    e.undone_at,
    g.timezone
from core.events e
join core.registers g using (register_id)
order by e.happened_at, e.event_id;
