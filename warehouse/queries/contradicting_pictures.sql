-- How many pictures were read until a person set the reading of $picture_key, and give no reading of their own since.
select count(distinct r.picture_key)
from core.corrections c
join core.reading_revisions v on v.register_id = c.register_id and v.replaced_at >= c.made_at
join core.register_readings r on r.register_id = v.register_id and r.picture_key = v.picture_key
where c.register_id = $register_id
    and c.picture_key = $picture_key
    and c.undone_at is null
    and v.quality in ('measured', 'repaired')
    and r.quality in ('rejected', 'estimated');
