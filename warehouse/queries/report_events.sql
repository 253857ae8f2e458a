-- What people told of a meter.
select happened_local, kind, old_kwh::double as old_kwh, new_kwh::double as new_kwh, offset_kwh::double as offset_kwh, tariff, note
from out.events
where meter = $meter
order by happened_local;
