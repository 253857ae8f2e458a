merge into raw.pictures kept
using (
    select * from incoming
    qualify row_number() over (partition by picture_key order by received_at, content_sha256) = 1
) new
on kept.picture_key = new.picture_key
when not matched then insert by name;
