-- The midnight before an instant in a register's local time; null for null.
select core.midnight($since::timestamptz at time zone timezone, timezone) as since
from core.registers
where register_id = $register_id;
