-- What changed after a copy that knows changes up to $known, by part: from when on (null: any instant). No answer
-- (is_known false) where changes in between are forgotten.
select
    part,
    case when count(*) = count(from_at) then min(from_at) end as from_at,
    (select min(change_id) from core.changes) <= $known + 1 as is_known
from core.changes
where change_id > $known
group by part;
