-- New pictures are to be read; those that cannot be used count in the day's quality only.
insert into core.pending
select
    uuid(),
    g.register_id,
    case when p.reason is null then 'read' else 'derive' end as step,
    min(p.taken_at),
    max(p.taken_at)
from incoming p
join core.cameras g on g.camera = p.camera and p.taken_at >= g.from_at and p.taken_at < g.until_at
where p.taken_at is not null
group by g.register_id, step;
