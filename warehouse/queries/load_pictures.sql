-- A key that is there already is another run of the same load; a picture's instant never changes once it is known.
insert into raw.pictures by name
select incoming.*
from incoming
anti join (
    select picture_key
    from raw.pictures
    where taken_at is null
        or time_source = 'boot'
        or taken_at between $first_at::timestamptz and $last_at::timestamptz
) known using (picture_key);
