-- Every decided picture of these local days with its label and the recognition that the decision rests on, else the newest one.
select
    r.picture_key,
    r.register_id,
    p.camera,
    r.read_at as taken_at,
    (r.read_at at time zone g.timezone)::date as local_date,
    g.digits,
    g.decimals,
    r.value_wh,
    r.quality::varchar as quality,
    r.reason,
    r.settled,
    r.recognised_text,
    r.probability,
    r.log_odds,
    n.reader,
    n.reader_version,
    n.window_corners::varchar as window_corners,
    n.orientation
from core.register_readings r
join core.registers g using (register_id)
join raw.pictures p using (picture_key)
join raw.recognitions n on n.picture_key = r.picture_key and n.register_id = r.register_id
where p.reason is null
    and ($first::date is null or (r.read_at at time zone g.timezone)::date >= $first::date)
    and ($last::date is null or (r.read_at at time zone g.timezone)::date <= $last::date)
qualify row_number() over (
    partition by r.picture_key, r.register_id
    order by (n.recognised_at = r.recognised_at) desc nulls last, n.recognised_at desc, n.reader
) = 1
order by r.read_at, r.picture_key, r.register_id;
