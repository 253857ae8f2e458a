-- Whether any picture ever arrived.
select count(*) > 0 as has_pictures
from raw.pictures;
