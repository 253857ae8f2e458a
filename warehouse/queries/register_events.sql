-- What happened to a register, in order; an offset is told as what it showed before and after.
select
    e.kind::varchar as kind,
    e.happened_at,
    coalesce(e.last_wh, case when e.kind = 'offset' then before.value_wh end) as last_wh,
    coalesce(e.first_wh, case when e.kind = 'offset' then before.value_wh + e.offset_wh end) as first_wh
from core.events e
left join lateral (
    select max_by(r.value_wh, r.read_at) as value_wh
    from core.register_readings r
    where r.register_id = e.register_id and r.quality not in ('rejected', 'estimated') and r.read_at < e.happened_at
) before on e.kind = 'offset'
where e.register_id = $register_id and e.undone_at is null and e.kind in ('exchange', 'reset', 'offset')
order by e.happened_at, e.made_at;
