-- Why pictures of the newest 30 days of a meter's first register gave no reading of their own.
with found as (
    from core.quality_day
    where register_id = (select register_id from core.first_registers where meter = $meter)
)
select outcome, reason, sum(n_pictures)::bigint as n_pictures
from found
where outcome in ('rejected', 'estimated', 'unusable')
    and local_date > (select max(local_date) from found) - 30
group by all
order by n_pictures desc;
