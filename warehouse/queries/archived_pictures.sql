-- Every archived picture with where it came from and when it was taken and arrived.
select picture_key, source, taken_at, received_at, content_sha256, size_bytes
from raw.pictures
order by picture_key;
