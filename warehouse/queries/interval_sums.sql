-- Energy counted by the readings (rollovers unrolled, falls held) beside the sums of the interval data.
-- A step leads forward, across a rollover if need be, as far as the fuses allow, with two units of tolerance;
-- else it goes the shortest way.
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
        ((step_wh + unit_wh) % span_wh + span_wh) % span_wh - unit_wh as forward_wh,
        ((step_wh + span_wh // 2) % span_wh + span_wh) % span_wh - span_wh // 2 as shortest_wh,
        max_power_w::bigint * elapsed_s // 3600 + 1 + 2 * unit_wh as ceiling_wh
    from stepped
    cross join register
    where place > 1
),
unrolled as (
    select
        sum(case when forward_wh <= ceiling_wh then forward_wh else shortest_wh end) over (order by place)
            as cumulative_wh
    from counted
)
select
    greatest(coalesce((select max(cumulative_wh) from unrolled), 0), 0)::bigint as readings_wh,
    coalesce((select sum(energy_wh) from core.interval_15min where register_id = $register_id), 0)::bigint
        as quarter_hours_wh,
    coalesce((select sum(energy_wh) from core.interval_day where register_id = $register_id), 0)::bigint as days_wh;
