-- The cameras whose pictures show a register: the one that the settings name, and those before it. Of a camera that
-- showed another meter earlier, pictures count only from the change of the settings on; of any other, those from before
-- it too: they came while the settings did not know its name yet.
create or replace view core.cameras as
with spans as (
    select
        n.register_id,
        g.meter,
        n.camera,
        g.timezone,
        lag(n.until_at, 1, '-infinity'::timestamptz) over (partition by n.register_id order by n.until_at) as since_at,
        n.until_at
    from (
        select register_id, camera, until_at from core.former_cameras
        union all
        select register_id, camera, 'infinity'::timestamptz from core.registers
    ) n
    join core.registers g using (register_id)
),
first_spans as (
    select *, min(since_at) over (partition by register_id, camera) as first_at from spans where camera <> ''
),
counted as (
    select
        s.register_id,
        s.meter,
        s.camera,
        s.timezone,
        s.until_at,
        case
            when max(o.since_at) > s.first_at then s.since_at
            when min(o.since_at) < s.first_at then s.first_at
            else '-infinity'::timestamptz
        end as from_at
    from first_spans s
    left join spans o on o.camera = s.camera and o.meter <> s.meter and o.since_at < s.since_at
    group by s.register_id, s.meter, s.camera, s.timezone, s.since_at, s.until_at, s.first_at
)
select register_id, meter, camera, timezone, from_at, max(until_at) as until_at
from counted
group by register_id, meter, camera, timezone, from_at;
comment on view core.cameras is 'the cameras whose pictures show a register; pictures taken from from_at on and before until_at do';

-- Where none of a meter's registers is configured any more, one of the former ones stands for it.
create or replace view core.first_registers as
select register_id, meter, camera, obis_code, timezone
from core.registers
qualify row_number() over (partition by meter order by place nulls last, obis_code) = 1;
comment on view core.first_registers is 'the register that report and proof of a meter show: the first one of the settings';

-- A midnight that comes twice is taken for the later one by `at time zone`: the moment after the day before is the
-- earlier.
create or replace macro core.midnight(day, timezone) as
    least(
        day::date::timestamp at time zone timezone,
        (day::date::timestamp - interval 1 microsecond) at time zone timezone + interval 1 microsecond
    );
comment on macro core.midnight is 'the instant at which a local day begins in a time zone';

-- The range of two days finds the few pictures by their instant before each one's local day is computed.
create or replace macro core.pictures_of_day(of_meter, day) as table
select p.*, f.register_id, p.taken_at at time zone f.timezone as taken_local
from core.first_registers f
join core.cameras g using (register_id)
join raw.pictures p on p.camera = g.camera and p.taken_at >= g.from_at and p.taken_at < g.until_at
where f.meter = of_meter
    and p.taken_at >= day::date::timestamptz - interval 1 day
    and p.taken_at < day::date::timestamptz + interval 2 day
    and (p.taken_at at time zone f.timezone)::date = day::date;
comment on macro table core.pictures_of_day is 'the pictures of a meter on a local day, also those that could not be read';
