-- Registers most of whose readings that were decided anew in the last two weeks show the same drums as before, taken
-- with another number of decimals: how many, since when, and the drums and decimals before and now.
with decided as (
    select
        r.register_id,
        v.replaced_at,
        length(r.recognised_text) as digits,
        round(log10(r.value_wh / v.value_wh))::integer as places
    from core.register_readings r
    join core.reading_revisions v using (register_id, picture_key)
    join core.registers g on g.register_id = r.register_id and g.place is not null
    where v.replaced_at > now() - interval 14 day
        and r.quality = 'measured'
        and v.quality = 'measured'
        and r.value_wh > 0
        and v.value_wh > 0
        and r.recognised_text = v.recognised_text
    qualify row_number() over (partition by r.register_id, r.picture_key order by v.replaced_at) = 1
)
select
    d.register_id,
    count(*) filter (d.places <> 0) as n_moved,
    min(d.replaced_at) filter (d.places <> 0) as moved_at,
    mode(d.digits) as digits,
    g.decimals + mode(d.places) as decimals,
    g.decimals as new_decimals,
    g.timezone
from decided d
join core.registers g using (register_id)
group by d.register_id, g.decimals, g.timezone
having 2 * count(*) filter (d.places <> 0) > count(*) and mode(d.places) <> 0
order by d.register_id;
