-- Usable pictures from $since on (null: all) that no reader has read for this register yet, oldest first.
-- Another reader does not read the past by itself: what was published stays until somebody asks.
select p.picture_key, p.taken_at
from raw.pictures p
join core.cameras g on g.camera = p.camera and p.taken_at >= g.from_at and p.taken_at < g.until_at
where g.register_id = $register_id
    and p.reason is null
    and p.taken_at >= coalesce($since::timestamptz, '-infinity'::timestamptz)
    and not exists (
        from raw.recognitions r
        where r.picture_key = p.picture_key
            and r.register_id = $register_id
            and r.taken_at >= coalesce($since::timestamptz, '-infinity'::timestamptz)
    )
order by p.taken_at, p.picture_key;
