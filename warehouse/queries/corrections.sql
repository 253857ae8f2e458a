-- Everything people set, in order of the pictures.
select
    c.correction_id,
    c.register_id,
    c.picture_key,
    c.taken_at at time zone g.timezone as taken_local,
    c.value_wh,
    c.note,
    c.undone_at
from core.corrections c
join core.registers g using (register_id)
order by c.taken_at, c.correction_id;
