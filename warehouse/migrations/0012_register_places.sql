-- Which register is a meter's first one is said by the settings, not by the order of OBIS codes.
alter table core.registers add column place utinyint;
comment on table core.registers is 'the counters that are or were read, as the settings describe them';
comment on column core.registers.place is 'place among the meter''s registers in the settings, 0 is the first; null when not configured any more';
