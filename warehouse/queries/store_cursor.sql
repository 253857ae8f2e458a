-- How far a store has been listed; no row when never.
select cursor
from raw.store_cursors
where store = $store;
