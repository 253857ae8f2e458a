-- An instant becomes known once and is never changed.
update raw.pictures p
set taken_at = incoming.taken_at, time_source = 'boot', reason = null
from incoming
where p.picture_key = incoming.picture_key and p.taken_at is null;
