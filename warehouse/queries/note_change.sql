insert into core.changes
select coalesce(max(change_id), 0) + 1, $part, $from_at::timestamptz from core.changes;
