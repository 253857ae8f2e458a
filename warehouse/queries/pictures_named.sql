-- The pictures that bear a key of `incoming`, or that of a twin of it, whatever the twin's bytes.
select picture_key, source, taken_at, received_at, content_sha256
from raw.pictures
where regexp_replace(picture_key, '~[0-9a-f]{8}', '', 'g')
    in (select regexp_replace(picture_key, '~[0-9a-f]{8}', '', 'g') from incoming);
