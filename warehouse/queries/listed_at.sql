-- When a store last gave all it had, or anything at all; null when it was never listed. A picture that does not come
-- keeps the cursor where it is, while others arrive.
select case
    when max(listed_at) is not null then greatest(max(listed_at), (select max(received_at) from raw.pictures))
end as listed_at
from raw.store_cursors
where store = $store;
