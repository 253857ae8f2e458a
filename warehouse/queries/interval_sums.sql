-- Energy counted by the readings (rollovers unrolled, falls held) beside the sums of the interval data.
-- A step is a rollover when the fuses allow it; two units of tolerance, one for each end.
with register as (
    select
        register_id,
        (10 ** (3 - decimals))::bigint as unit_wh,
        (10 ** digits)::bigint * (10 ** (3 - decimals))::bigint as span_wh,
        max_power_w
    from core.registers
    where register_id = $register_id
),
accepted as (
    select date_trunc('second', r.read_at) as read_at, r.value_wh
    from core.register_readings r
    where r.register_id = $register_id and r.quality <> 'rejected'
),
stepped as (
    select
        value_wh - lag(value_wh) over series as step_wh,
        date_diff('second', lag(read_at) over series, read_at) as elapsed_s,
        row_number() over series as place,
        value_wh
    from accepted
    window series as (order by read_at, value_wh)
),
counted as (
    select
        place,
        case
            when ((step_wh + unit_wh) % span_wh + span_wh) % span_wh - unit_wh
                <= max_power_w::bigint * elapsed_s // 3600 + 1 + 2 * unit_wh
            then ((step_wh + unit_wh) % span_wh + span_wh) % span_wh - unit_wh
            else step_wh
        end as energy_wh
    from stepped
    cross join register
    where place > 1
),
unrolled as (
    select sum(energy_wh) over (order by place) as cumulative_wh from counted
)
select
    greatest(coalesce((select max(cumulative_wh) from unrolled), 0), 0)::bigint as readings_wh,
    coalesce((select sum(energy_wh) from core.interval_15min where register_id = $register_id), 0)::bigint
        as quarter_hours_wh,
    coalesce((select sum(energy_wh) from core.interval_day where register_id = $register_id), 0)::bigint as days_wh;
