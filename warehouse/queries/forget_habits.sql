-- Runs before the registers are merged: what was learned of another kind of counter does not hold.
delete from core.habits h
using incoming n, core.registers k
where n.register_id = h.register_id
    and k.register_id = h.register_id
    and (k.digits <> n.digits or k.decimals <> n.decimals or k.runs_backwards <> n.runs_backwards);
