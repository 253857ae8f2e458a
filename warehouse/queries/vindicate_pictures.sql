-- What was held against a picture was another clock's fault.
update raw.pictures p
set reason = null
from incoming
where p.picture_key = incoming.picture_key and p.reason = 'from_the_future';
