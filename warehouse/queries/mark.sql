-- A span that a step has to work on; null is an open end.
insert into core.pending
select uuid(), $register_id, $step, $from_at::timestamptz, $to_at::timestamptz;
