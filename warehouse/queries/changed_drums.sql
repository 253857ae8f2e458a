-- Before the registers are merged: those that get other drums or decimals, with their settled readings in all, and
-- those of another number of digits.
select
    k.register_id,
    k.digits,
    k.decimals,
    n.digits as new_digits,
    n.decimals as new_decimals,
    count(*) as n_settled,
    count(*) filter (length(r.recognised_text) <> n.digits) as n_unfit
from core.registers k
join incoming n using (register_id)
join core.register_readings r using (register_id)
where (k.digits <> n.digits or k.decimals <> n.decimals)
    and r.settled
    and r.quality in ('measured', 'repaired')
group by all
order by k.register_id;
