insert into core.interval_15min by name
select $register_id as register_id, * from incoming;
