-- A version that knew no unknown spans has derived such days, after an update was taken back and before it came again.
insert into core.pending
select uuid(), register_id, 'derive', null, null
from (select distinct register_id from core.interval_day where covered_s is null)
where register_id in (select register_id from incoming);
