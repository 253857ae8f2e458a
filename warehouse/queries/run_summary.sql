-- How many pictures a register's camera gave, by what became of them.
with pictures as (
    select p.picture_key, p.reason
    from raw.pictures p
    where p.camera = (select camera from core.registers where register_id = $register_id)
)
select
    case
        when r.quality is not null then r.quality::varchar
        when p.reason is not null then 'unusable'
        else 'waiting'
    end as outcome,
    coalesce(r.reason, p.reason) as reason,
    count(*) as pictures
from pictures p
left join core.register_readings r on r.register_id = $register_id and r.picture_key = p.picture_key
group by all
order by outcome, reason nulls first;
