-- Breaks that wait for a person's word: not withdrawn, of a register of the settings, and no event explains them.
-- manual_key and first_manual_key are set where what the register showed before the break, or first after it, is a
-- reading that a person set.
select
    p.register_id,
    p.broke_at,
    p.first_wh,
    p.last_at,
    p.last_wh,
    p.n_pictures,
    p.log_odds,
    p.proposed_at,
    g.timezone,
    (
        select max(c.picture_key)
        from core.corrections c
        where c.register_id = p.register_id
            and c.undone_at is null
            and date_trunc('second', c.taken_at) = p.last_at
            and c.value_wh = p.last_wh
    ) as manual_key,
    (
        select max(c.picture_key)
        from core.corrections c
        where c.register_id = p.register_id
            and c.undone_at is null
            and date_trunc('second', c.taken_at) = p.broke_at
            and c.value_wh = p.first_wh
    ) as first_manual_key
from core.proposals p
join core.registers g on g.register_id = p.register_id and g.place is not null
where p.withdrawn_at is null
    and not exists (
        from core.events e
        where e.register_id = p.register_id
            and e.undone_at is null
            and e.kind in ('exchange', 'reset', 'offset')
            and e.happened_at > p.last_at
            and e.happened_at <= p.broke_at
    )
order by p.register_id, p.broke_at;
