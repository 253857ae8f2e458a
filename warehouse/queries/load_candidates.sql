-- Runs before load_recognitions: candidates of a recognition that is already there belong to another run.
insert into raw.candidates by name
select incoming.*
from incoming
anti join (
    select picture_key, register_id, reader, reader_version
    from raw.recognitions
    where taken_at is null or taken_at between $first_at::timestamptz and $last_at::timestamptz
) known
    using (picture_key, register_id, reader, reader_version);
