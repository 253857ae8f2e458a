-- The midnight before an instant in a register's local time; null for null.
select ($since::timestamptz at time zone timezone)::date::timestamp at time zone timezone as since
from core.registers
where register_id = $register_id;
