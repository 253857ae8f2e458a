-- The quarter hours of a local day, each with the pictures whose readings enclose it (within two months).
with register as (
    select register_id, timezone from core.first_registers where meter = $meter
),
accepted as (
    select date_trunc('second', r.read_at) as read_at, r.picture_key
    from core.register_readings r
    where r.register_id = (select register_id from register)
        and r.quality not in ('rejected', 'estimated')
        and r.picture_key not like 'manual/%'
        and r.read_at >= $local_date::date::timestamptz - interval 60 day
        and r.read_at < $local_date::date::timestamptz + interval 60 day
    qualify row_number() over (partition by date_trunc('second', r.read_at) order by r.picture_key) = 1
),
quarter_hours as (
    select i.start_at, i.end_at, i.energy_wh, i.quality
    from core.interval_15min i
    where i.register_id = (select register_id from register) and i.local_date = $local_date
)
select
    q.start_at at time zone (select timezone from register) as start_local,
    round(date_diff('second', q.start_at, q.end_at) / 60)::bigint as minutes,
    q.energy_wh,
    round(q.energy_wh * 3600 / date_diff('second', q.start_at, q.end_at))::bigint as mean_w,
    q.quality::varchar as quality,
    earlier.picture_key as first_picture,
    later.picture_key as last_picture
from quarter_hours q
asof left join accepted earlier on q.start_at >= earlier.read_at
asof left join accepted later on q.end_at <= later.read_at
order by q.start_at;
