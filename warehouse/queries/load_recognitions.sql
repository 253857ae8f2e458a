-- The span of the incoming pictures keeps the search short; a picture's instant never changes once it is known.
insert into raw.recognitions by name
select incoming.*
from incoming
anti join (
    select picture_key, register_id, reader, reader_version
    from raw.recognitions
    where taken_at is null or taken_at between $first_at::timestamptz and $last_at::timestamptz
) known
    using (picture_key, register_id, reader, reader_version);
