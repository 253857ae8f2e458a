merge into raw.recognitions kept
using (
    select * from incoming
    qualify row_number() over (
        partition by picture_key, register_id, reader, reader_version order by recognised_at
    ) = 1
) new
on kept.picture_key = new.picture_key
    and kept.register_id = new.register_id
    and kept.reader = new.reader
    and kept.reader_version = new.reader_version
when not matched then insert by name;
