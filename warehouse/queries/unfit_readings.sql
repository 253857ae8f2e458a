-- Registers most of whose readings, up to the last such one, were read with another number of drums than the settings
-- name now, and are rejected since: how many, and the drums and decimals that they were read with.
with unfit as (
    select
        r.register_id,
        r.read_at,
        length(v.recognised_text) as digits,
        3 - round(log10(v.value_wh / try_cast(v.recognised_text as bigint)))::integer as decimals
    from core.register_readings r
    join core.registers g using (register_id)
    join core.reading_revisions v using (register_id, picture_key)
    where r.quality = 'rejected'
        and v.quality = 'measured'
        and v.value_wh > 0
        and try_cast(v.recognised_text as bigint) > 0
        and length(v.recognised_text) <> g.digits
    qualify row_number() over (partition by r.register_id, r.picture_key order by v.replaced_at desc) = 1
),
counted as (
    select
        register_id,
        count(*) as n_unfit,
        max(read_at) as last_at,
        mode(digits) as digits,
        mode(decimals) as decimals
    from unfit
    group by register_id
)
select u.register_id, u.n_unfit, u.digits, u.decimals
from counted u
where u.n_unfit > (
    select count(*)
    from core.register_readings r
    where r.register_id = u.register_id and r.quality <> 'rejected' and r.read_at <= u.last_at
)
order by u.register_id;
