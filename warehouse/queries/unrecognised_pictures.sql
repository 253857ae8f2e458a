-- Usable pictures that this reader has not read for this register yet, oldest first.
select p.picture_key, p.camera, p.taken_at
from raw.pictures p
join core.registers g on g.camera = p.camera
where g.register_id = $register_id
    and p.reason is null
    and p.taken_at is not null
    and not exists (
        from raw.recognitions r
        where r.picture_key = p.picture_key
            and r.register_id = $register_id
            and r.reader = $reader
            and r.reader_version = $reader_version
    )
order by p.taken_at, p.picture_key
limit $limit;
