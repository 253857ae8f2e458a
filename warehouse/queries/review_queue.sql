-- Pictures that a person should look at, the most doubtful first: rejected ones, then the least certain readings; with
-- the accepted readings before and after, of these registers. Those that a person has set already are left out.
with registers as (
    from core.registers where register_id in (select unnest($register_ids))
),
newest as (
    select max(read_at) as read_at from core.register_readings
),
readings as (
    select r.*, g.camera, g.digits, g.decimals, g.timezone
    from core.register_readings r
    join registers g using (register_id)
    where r.read_at > (select read_at from newest) - interval 366 day and r.picture_key not like 'manual/%'
),
accepted as (
    select register_id, read_at, value_wh from readings where quality not in ('rejected', 'estimated')
),
doubtful as (
    select *,
        case
            when quality = 'rejected' and reason in ('doubtful', 'no_candidate_fits', 'wrong_number_of_digits') then 0
            when quality = 'repaired' then 1
            when quality = 'rejected' then 2
            when quality = 'estimated' then 3
            else 4
        end as rank
    from readings
    where quality in ('rejected', 'repaired', 'estimated') or (quality = 'measured' and log_odds < $least_log_odds)
    order by rank, log_odds nulls first, read_at desc
    limit $limit
)
select
    d.register_id,
    d.picture_key,
    d.read_at as taken_at,
    d.read_local,
    d.value_wh,
    d.quality::varchar as quality,
    d.reason,
    d.recognised_text,
    d.log_odds,
    d.rank,
    b.value_wh as before_wh,
    a.value_wh as after_wh
from doubtful d
asof left join accepted b on b.register_id = d.register_id and d.read_at > b.read_at
asof left join accepted a on a.register_id = d.register_id and d.read_at < a.read_at
order by d.rank, d.log_odds nulls first, d.read_at desc;
