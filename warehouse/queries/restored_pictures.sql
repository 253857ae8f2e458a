-- The keys that a person brought back into this store, and when.
select store_key, restored_at
from raw.restored_pictures
where store = $store;
