-- Every picture by its key and where it came from.
select picture_key, source
from raw.pictures;
