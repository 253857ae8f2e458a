-- Tariffs that an event begins although the settings give that register none of this name: its days have no cost.
select e.event_id, e.register_id, e.tariff
from core.events e
join core.registers g on g.register_id = e.register_id and g.place is not null
where e.kind = 'tariff'
    and e.undone_at is null
    and not exists (from core.tariffs t where t.register_id = e.register_id and t.tariff = e.tariff)
order by e.event_id;
