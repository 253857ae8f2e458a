-- Runs before the registers are merged: what new or changed settings make every step look at again.
insert into core.pending
select uuid(), n.register_id, s.step, null, null
from incoming n
cross join (values ('read'), ('decode'), ('derive')) s(step)
left join core.registers k using (register_id)
where k.register_id is null
    or (s.step = 'read' and k.camera <> n.camera)
    or (
        s.step <> 'read'
        and (
            k.digits <> n.digits
            or k.decimals <> n.decimals
            or k.max_power_w <> n.max_power_w
            or k.runs_backwards <> n.runs_backwards
        )
    )
    or (s.step = 'derive' and (k.timezone <> n.timezone or k.camera <> n.camera));
