-- The last pictures that arrived from each camera, newest first, and what they tell of its clock.
select
    camera,
    picture_key,
    taken_at,
    received_at,
    try_cast(facts ->> 'clock_synchronised' as boolean) as synchronised,
    reason
from raw.pictures
where received_at >= (select max(received_at) from raw.pictures) - interval 14 day
qualify row_number() over (partition by camera order by received_at desc, taken_at desc nulls first, picture_key desc) <= 5
order by camera, received_at desc, taken_at desc nulls first, picture_key desc;
