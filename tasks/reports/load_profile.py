"""The load profile of one day as a chart whose intervals lead to the pictures that prove them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import altair as alt
import polars as pl

from tasks.reports.axes import HOUR_MIN, LEAST_AXIS_W, Record, clock_axis, data, elapsed_minutes, power_unit
from tasks.reports.formatting import clock, number, power
from tasks.reports.key_figures import hours_of_day
from tasks.reports.language import say
from tasks.reports.marks import DASHES, hover_targets, level, quality_colours
from tasks.reports.theme import colour

HEIGHT = 240
# A linear axis up to an electric car's 14 kW leaves 5 pixels for everything else in the house.
ROOT_SCALE_FROM_W = 4000
ROOT_SCALE_FROM_MEDIANS = 8
ROOT_TICKS_KW = (0, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30)
PEAK_LABEL_HALF_PX = 46
PEAK_HEADROOM = 1.1
MEASURED_OPACITY = 0.6
ESTIMATED_OPACITY = 0.45
BAND_OPACITY = 0.13
EDGE_OPACITY = 0.35
HIGHEST_BAND = 1.6


def load_profile_chart(
    last_day: pl.DataFrame,
    timezone: str,
    picture_url: Callable[[str], str | None],
    base_load_w: float | None = None,
    usual: Mapping[int, tuple[float, float]] | None = None,
) -> alt.LayerChart:
    """Return the load profile of one day; a click on an interval opens the picture at its end.

    Args:
        last_day: The day's intervals in order.
        timezone: The meter's IANA time zone.
        picture_url: Where the page finds a picture.
        base_load_w: Drawn as a line when there is one.
        usual: By the minute of the local day, in W, between what such days usually lie; drawn as a band.
    """
    starts = last_day["start_local"].to_list()
    minutes = elapsed_minutes(last_day["start_local"], timezone)
    unit, unit_w = power_unit(max(map(abs, last_day["mean_w"].to_list())))
    records: list[Record] = []
    for row, start_min in zip(last_day.iter_rows(named=True), minutes, strict=True):
        record = _interval_record(row, start_min, unit_w, picture_url)
        before = records[-1] if records else record
        # A first interval cut to the second ends between two minutes.
        joins = abs(before["to"] - start_min) <= 1
        records.append({**record, "before": before["power"] if joins else record["power"]})
    _add_usual(records, starts, usual or {}, unit_w)
    length_min = round(HOUR_MIN * hours_of_day(starts[0].date(), timezone))
    x = clock_axis("from", starts, minutes, length_min)
    lowest = min(record["power"] for record in records)
    y = _power_axis(unit, min(lowest, 0), _highest(records), is_root=is_squashed(last_day))
    layers = [*_step_line(records, x, y), *_usual_band(records), *_peak_mark(records, length_min)]
    if base_load_w:
        layers.append(level(base_load_w / unit_w))
    tips = [("time", "Interval"), ("mean", "mean power"), ("energy", "energy"), ("outcome", "quality")]
    layers.append(hover_targets(alt.Chart(), "profile_hover", tips, linked=True))
    chart = alt.LayerChart(data=data(records), layer=layers)
    return chart.properties(name="profile", width="container", height=HEIGHT)


def _add_usual(
    records: list[Record], starts: Sequence[datetime], usual: Mapping[int, tuple[float, float]], unit_w: int
) -> None:
    for record, start in zip(records, starts, strict=True):
        found = usual.get(HOUR_MIN * start.hour + start.minute // 15 * 15)
        if found:
            record["low"], record["high"] = (round(value / unit_w, 3) for value in found)


def _highest(records: Sequence[Record]) -> float:
    highest: float = max(record["power"] for record in records)
    band: float = max((record.get("high", 0) for record in records), default=0)
    return max(highest, min(band, HIGHEST_BAND * highest)) or band or LEAST_AXIS_W


def _usual_band(records: Sequence[Record]) -> list[alt.Chart]:
    if not any("high" in record for record in records):
        return []
    band = alt.Chart().transform_filter("isValid(datum.high)")
    ink = alt.ExprRef(colour("ink"))
    fill = band.mark_rect(opacity=BAND_OPACITY, fill=ink, clip=True)
    edge = band.mark_rule(opacity=EDGE_OPACITY, stroke=ink, clip=True)
    ends = {"x": alt.X("from:Q"), "x2": alt.X2("to")}
    return [
        fill.encode(**ends, y=alt.Y("low:Q"), y2=alt.Y2("high")),
        *(edge.encode(**ends, y=alt.Y(f"{name}:Q")) for name in ("low", "high")),
    ]


def is_squashed(last_day: pl.DataFrame) -> bool:
    """Tell whether one peak would press the rest of the day flat on a linear axis."""
    powers_w = sorted(last_day["mean_w"].to_list())
    if not powers_w or powers_w[0] < 0:
        return False
    median_w = powers_w[len(powers_w) // 2]
    return bool(powers_w[-1] >= ROOT_SCALE_FROM_W and powers_w[-1] > ROOT_SCALE_FROM_MEDIANS * median_w)


def _power_axis(unit: str, lowest: float, highest: float, *, is_root: bool) -> alt.Y:
    # Squared, the headroom takes the same share of the height under the root.
    domain = [lowest * PEAK_HEADROOM, highest * PEAK_HEADROOM ** (2 if is_root else 1)]
    title = say("{unit}, mean of the interval", unit=unit)
    if not is_root:
        return alt.Y(
            "power:Q", scale=alt.Scale(domain=domain, nice=False), axis=alt.Axis(title=title, tickCount=5)
        )
    ticks = [tick for tick in ROOT_TICKS_KW if tick <= domain[1]]
    axis = alt.Axis(title=title, values=ticks, tickCount=len(ticks), format="~g")
    return alt.Y("power:Q", scale=alt.Scale(type="sqrt", domain=domain, nice=False), axis=axis)


def _interval_record(
    row: dict[str, Any], start_min: int, unit_w: int, picture_url: Callable[[str], str | None]
) -> Record:
    key = row["last_picture"] or row["first_picture"]
    url = picture_url(key) if key else None
    return {
        "from": start_min,
        "to": start_min + row["minutes"],
        "power": round(row["mean_w"] / unit_w, 3),
        "quality": "estimated" if row["quality"] == "estimated" else "measured",
        "time": f"{clock(row['start_local'])}, {row['minutes']} min",
        "outcome": say(row["quality"]),
        "mean": power(row["mean_w"]),
        "energy": f"{number(row['energy_wh'])} Wh",
        **({"url": url} if url else {}),
    }


def _step_line(records: Sequence[Record], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    base = alt.Chart()
    line = base.mark_rule(
        strokeWidth=2,
        strokeCap="round",
        stroke=alt.ExprRef(colour("measured")),
        strokeDash=alt.ExprRef(f"datum.quality == 'estimated' ? {DASHES} : []"),
    )
    opacity = alt.ExprRef(f"datum.quality == 'estimated' ? {ESTIMATED_OPACITY} : {MEASURED_OPACITY}")
    fill = base.mark_rect(opacity=opacity).encode(
        x=x, x2=alt.X2("to"), y=y, y2=alt.Y2Datum(0), color=quality_colours(records)
    )
    return [
        fill,
        line.encode(x=alt.X("from:Q"), x2=alt.X2("to"), y=alt.Y("power:Q")),
        line.encode(x=alt.X("from:Q"), y=alt.Y("before:Q"), y2=alt.Y2("power")),
    ]


def _peak_mark(records: Sequence[Record], length_min: int) -> list[alt.Chart]:
    measured = [record for record in records if record["quality"] == "measured"]
    if not measured:
        return []
    peak = max(measured, key=lambda record: record["power"])
    if peak["power"] <= 0:
        return []
    middle_min = (peak["from"] + peak["to"]) / 2
    reach_min = f"{PEAK_LABEL_HALF_PX} * {length_min} / width"
    place_min = f"clamp({middle_min}, {reach_min}, {length_min} - {reach_min})"
    # Only the page knows how wide the text is in minutes, and so which estimates it would cover.
    highest = (
        alt.Chart()
        .transform_filter(
            f"abs(datum.from + datum.to - 2 * {place_min}) < datum.to - datum.from + 2 * {reach_min}"
        )
        .transform_aggregate(top="max(power)")
        .transform_calculate(place=place_min, middle=str(middle_min), peak=str(peak["power"]))
    )
    ink = alt.ExprRef(colour("ink"))
    leader = highest.transform_filter("datum.top > datum.peak").mark_rule(stroke=ink)
    text = highest.mark_text(
        text=say("peak {power}", power=peak["mean"]), baseline="bottom", dy=-5, fontWeight=600, fill=ink
    )
    return [
        leader.encode(x=alt.X("middle:Q"), y=alt.Y("peak:Q"), y2=alt.Y2("top")),
        text.encode(x=alt.X("place:Q"), y=alt.Y("top:Q")),
    ]
