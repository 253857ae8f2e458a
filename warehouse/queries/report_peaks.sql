-- The five highest quarter hours of every month of a meter's first register, one a day at most. Estimated ones are left
-- out: of them neither the height nor the time is proved.
with of_days as (
    select
        i.local_date,
        i.start_at at time zone g.timezone as peak_local,
        i.energy_wh * 4 as peak_w
    from core.interval_15min i
    join core.first_registers g using (register_id)
    where g.meter = $meter and i.quality <> 'estimated' and date_diff('second', i.start_at, i.end_at) = 900
    qualify row_number() over (partition by i.local_date order by i.energy_wh desc, i.start_at) = 1
),
ranked as (
    select
        date_trunc('month', local_date)::date as month_start,
        row_number() over (partition by date_trunc('month', local_date) order by peak_w desc, peak_local) as rank,
        peak_local,
        peak_w::bigint as peak_w
    from of_days
)
from ranked
where rank <= 5
order by month_start, rank;
