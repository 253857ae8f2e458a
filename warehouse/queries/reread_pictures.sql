-- Usable pictures of a span that this reader and version has not read for this register, newest first: they show best
-- what surrounds today's window, by which pictures of another time are told from them.
select p.picture_key, p.taken_at
from raw.pictures p
join core.cameras g on g.camera = p.camera and p.taken_at >= g.from_at and p.taken_at < g.until_at
where g.register_id = $register_id
    and p.reason is null
    and p.taken_at >= coalesce($from_at::timestamptz, '-infinity'::timestamptz)
    and p.taken_at < coalesce($to_at::timestamptz, 'infinity'::timestamptz)
    and not exists (
        from raw.recognitions r
        where r.picture_key = p.picture_key
            and r.register_id = $register_id
            and r.reader = $reader
            and r.reader_version = $reader_version
    )
order by p.taken_at desc, p.picture_key desc;
