-- Which of these keys are in the warehouse already, and with which content.
select picture_key, content_sha256, reason
from raw.pictures
where picture_key in (select unnest($picture_keys::varchar[]))
order by picture_key;
