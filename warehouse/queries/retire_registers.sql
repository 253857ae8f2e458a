-- Registers that the settings do not name any more lose their place; what they showed stays.
update core.registers
set place = null
where place is not null and register_id not in (select register_id from incoming);
