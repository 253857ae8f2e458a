-- What became of each register's newest pictures, newest first; those that are no pictures count as unread.
-- `seen` is all that the reader made of a picture: two pictures of one scene differ in it, by their noise alone.
with newest as (
    select register_id, max(read_at) as read_at from core.register_readings group by register_id
),
outcomes as (
    select
        r.register_id,
        r.picture_key,
        r.read_at as taken_at,
        r.quality in ('measured', 'repaired', 'manual') as is_read,
        r.reason
    from core.register_readings r
    join newest n on n.register_id = r.register_id and r.read_at > n.read_at - interval 14 day
    where r.picture_key not like 'manual/%'
    union all
    select g.register_id, p.picture_key, p.taken_at, false, p.reason
    from raw.pictures p
    join core.cameras g on g.camera = p.camera and p.taken_at >= g.from_at and p.taken_at < g.until_at
    left join newest n on n.register_id = g.register_id
    where p.reason is not null
        and p.reason not in ('no_time', 'from_the_future')
        and p.taken_at > coalesce(n.read_at - interval 14 day, '-infinity'::timestamptz)
),
chosen as (
    select register_id, picture_key, taken_at, is_read, reason
    from outcomes
    qualify row_number() over (partition by register_id order by taken_at desc, picture_key) <= 100
),
looks as (
    select
        c.register_id,
        c.picture_key,
        string_agg(format('{} {:.4g}', c.text, c.probability), ' ' order by c.reader_version, c.rank) as seen
    from raw.candidates c
    join chosen o on o.register_id = c.register_id and o.picture_key = c.picture_key
    -- Most row groups hold only older pictures, and are skipped by this.
    where c.picture_key >= (select min(picture_key) from chosen)
    group by c.register_id, c.picture_key
)
select o.register_id, o.picture_key, o.taken_at, o.is_read, o.reason, l.seen
from chosen o
left join looks l on l.register_id = o.register_id and l.picture_key = o.picture_key
order by o.register_id, o.taken_at desc, o.picture_key;
