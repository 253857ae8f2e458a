insert or replace into core.derivations (register_id, decided_until) values ($register_id, $decided_until);
