-- What people told of registers that the settings no longer name, where one of the settings has the same camera and was
-- not read before: it may be the same one under another name. Where as much was told of that one, it was told anew.
with seen as (
    select
        k.register_id,
        k.meter,
        k.obis_code,
        k.camera,
        k.place is not null as is_named,
        (select min(r.recognised_at) from core.register_readings r where r.register_id = k.register_id) as first_at,
        (select max(r.recognised_at) from core.register_readings r where r.register_id = k.register_id) as last_at,
        (
            select count(*) from core.events e where e.register_id = k.register_id and e.undone_at is null
        ) as n_events,
        (
            select count(*) from core.corrections c where c.register_id = k.register_id and c.undone_at is null
        ) as n_readings
    from core.registers k
)
select
    o.register_id,
    o.meter,
    o.obis_code,
    o.n_events,
    o.n_readings,
    min(n.register_id) as now_id
from seen o
join seen n on n.camera = o.camera and n.is_named and coalesce(n.first_at > o.last_at, true)
where not o.is_named and o.n_events + o.n_readings > n.n_events + n.n_readings
group by all
order by o.register_id;
