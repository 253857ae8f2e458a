-- The pictures of a local day: their key and instant, in order.
select picture_key, taken_at
from core.pictures_of_day($meter, $local_date)
order by taken_at, picture_key;
