-- A day may hold a stretch of which nothing is known: the meter was exchanged while no picture was taken.
alter table core.interval_day add column covered_s integer;
update core.interval_day set covered_s = date_diff('second', start_at, end_at);
comment on column core.interval_day.covered_s is 'seconds of the day whose quarter hours are known';

-- Where something happened to a register, such stretches were taken for quarter hours without any energy.
insert into core.pending
select uuid(), register_id, 'derive', null, null
from (select distinct register_id from core.events where kind in ('exchange', 'reset', 'offset'));
