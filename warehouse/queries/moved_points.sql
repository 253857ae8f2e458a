-- Registers whose decimal point moves with incoming settings, between the same drums.
select n.register_id, k.decimals, n.decimals::integer as new_decimals
from incoming n
join core.registers k using (register_id)
where k.digits = n.digits and k.decimals <> n.decimals
order by n.register_id;
