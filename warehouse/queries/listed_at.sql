-- When everything new in a store was last fetched; null when never.
select max(listed_at) as listed_at
from raw.store_cursors
where store = $store;
