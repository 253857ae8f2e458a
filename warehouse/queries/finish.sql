-- The work of these marks is done; marks left meanwhile stay.
delete from core.pending where mark in (select unnest($marks)::uuid);
