select register_id from core.registers order by register_id;
