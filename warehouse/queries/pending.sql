-- What a step has to work on: its marks, and the span they cover together (null: an open end).
select
    coalesce(list(mark::varchar), []) as marks,
    case when count(*) = count(from_at) then min(from_at) end as from_at,
    case when count(*) = count(to_at) then max(to_at) end as to_at
from core.pending
where register_id = $register_id and step = $step;
