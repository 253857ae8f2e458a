-- Pictures taken before $before whose whole frame proves no more than the register window: every register that the
-- camera shows was read and measured, settled, never revised and never set by a person. One frame of each local day
-- stays. A register that has left the settings counts where it was read; elsewhere nobody will read it.
with of_camera as (
    select p.picture_key, p.taken_at, p.source, p.content_sha256, p.size_bytes, g.register_id,
        row_number() over (
            partition by p.camera, (p.taken_at at time zone g.timezone)::date, g.register_id
            order by p.taken_at, p.picture_key
        ) = 1 as is_days_first
    from raw.pictures p
    join core.cameras g on g.camera = p.camera and p.taken_at >= g.from_at and p.taken_at < g.until_at
    where p.reason is null and p.taken_at < $before::timestamptz
),
judged as (
    select
        o.*,
        n.window_corners::varchar as window_corners,
        coalesce(r.quality = 'measured' and r.settled, false)
            and not o.is_days_first
            and n.window_corners is not null
            and n.reason is null
            and not exists (from core.reading_revisions v where v.picture_key = o.picture_key)
            and not exists (from core.corrections c where c.picture_key = o.picture_key) as proves_no_more
    from of_camera o
    join core.registers k on k.register_id = o.register_id
    left join core.register_readings r
        on r.picture_key = o.picture_key and r.register_id = o.register_id
    left join raw.recognitions n
        on n.picture_key = r.picture_key and n.register_id = r.register_id and n.recognised_at = r.recognised_at
    where k.place is not null
        or exists (from raw.recognitions s where s.picture_key = o.picture_key and s.register_id = o.register_id)
)
select
    picture_key,
    any_value(source) as source,
    any_value(content_sha256) as content_sha256,
    any_value(size_bytes) as size_bytes,
    list(register_id order by register_id, window_corners) as register_ids,
    list(window_corners order by register_id, window_corners) as window_corners
from judged
group by picture_key
having bool_and(proves_no_more)
order by picture_key;
