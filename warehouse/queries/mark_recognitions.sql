insert into core.pending
select uuid(), register_id, 'decode', min(taken_at), max(taken_at)
from incoming
where taken_at is not null
group by register_id;
