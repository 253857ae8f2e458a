"""Charts as files, above all where there is nothing to draw: a meter that stands still, a quiet camera."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import altair as alt
import polars as pl
import pytest

from benchmarks.report import Truths, made_up_home
from tasks.report_data import gather
from tasks.reports import charts, season_charts, system_charts
from tasks.reports.chart_files import chart_file
from tasks.reports.figures import Figure, Panel, spec_of
from tasks.reports.key_figures import with_fullness
from tasks.reports.language import language, speaking
from tasks.reports.month_page import build_month_page
from tasks.reports.page import build_page, page_figures
from tasks.reports.theme import QUALITIES
from warehouse.connection import open_warehouse

MOST_PX = 2000
DAY = date(2026, 11, 20)
SIZE = re.compile(r'<svg[^>]*? width="([^"]+)" height="([^"]+)"')
Y_AXIS = re.compile(r'aria-label="Y-axis[^"]*linear scale with values from ([^"]+?) to ([^"]+?)"')


def assert_drawn(figure: Figure, panel: Panel) -> None:
    """As SVG and PNG with a finite size, and with a Y axis that has a length."""
    svg = chart_file(figure, panel, "svg").decode()
    sizes = SIZE.search(svg)
    assert sizes is not None
    assert all(0 < float(size) < MOST_PX for size in sizes.groups()), panel.name
    assert not re.search(r"Infinity|NaN|e\+\d{3}", svg), panel.name
    for low, high in Y_AXIS.findall(svg):
        assert low != high, panel.name
    assert chart_file(figure, panel, "png", scale=0.1).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("days", "truths", "spoken", "says"),
    [
        (1, Truths(standing_min=0), "en", "The only picture on the first day was read"),
        (1, Truths(standing_min=2, slot_min=1), "de", "0 kWh verbraucht in den abgelesenen 2 min"),
        (1, Truths(standing_min=70, slot_min=1), "en", "used 0 kWh in the 1.2 h that were read"),
        (1, Truths(standing_min=1440), "de", "das Zählwerk stand still"),
        (31, Truths(standing_min=31 * 1440, sun=True), "en", "The register did not move on 30 full days"),
        (400, Truths(standing_min=400 * 1440), "de", "vollen Tagen stand das Zählwerk still"),
    ],
    ids=["one reading", "two minutes", "an hour", "a day", "a month", "a year"],
)
def test_all_charts_of_a_meter_that_stands_still_are_drawn(
    tmp_path: Path, days: int, truths: Truths, spoken: str, says: str
) -> None:
    settings = made_up_home(tmp_path, days, truths=truths)
    shown = settings.model_copy(update={"report": settings.report.model_copy(update={"language": spoken})})
    missed = language("de").catalogue.missed
    missed.clear()
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        report = gather(warehouse, shown, "home")
    with speaking(spoken):
        figures = page_figures(report)
        for figure in figures:
            for panel in figure.panels:
                assert_drawn(figure, panel)
    html = build_page(report).replace("\u00a0", " ")
    assert says in html
    assert not re.search(r"0[.,]00 kWh|(at most|höchstens) 0 W|(peak|Spitze) 0 W", html)
    if days > 1:
        assert 'id="peaks"' not in build_month_page(report, date(2026, 11, 1))
    assert missed == set()


def at_noon() -> list[datetime]:
    return [datetime(2026, 11, 20, hour) for hour in range(12)]  # noqa: DTZ001 - local wall times


def health(column: str, value: float) -> pl.DataFrame:
    return pl.DataFrame({"at_local": at_noon(), column: [value] * 12})


def day_of(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({"local_date": [DAY], **{name: [value] for name, value in columns.items()}})


COSTS = day_of(tariff="basic", currency="EUR", energy_cost=0.0, fee=0.0).rename({"local_date": "month_start"})
QUIET: dict[str, Callable[[], alt.Chart | alt.LayerChart]] = {
    "outbox": lambda: system_charts.hourly_line("c", health("waiting", 0), "waiting", "pictures waiting", 0),
    "temperature": lambda: system_charts.hourly_line(
        "c", health("temperature_c", 48.5), "temperature_c", "°C", 1
    ),
    "log": lambda: system_charts.levels_chart("c", day_of(level="info", lines=70)),
    "durations": lambda: system_charts.box_chart("c", day_of(seconds=0.0)),
    "window": lambda: system_charts.drift_chart("c", day_of(shift_px=0.0)),
    "reader": lambda: system_charts.share_line("c", day_of(part=1.0), [("part", "read", "measured")]),
    "nothing taken": lambda: system_charts.completeness_chart(
        "c", pl.DataFrame({"at_local": at_noon(), "due": [4] * 12, "taken": [0] * 12})
    ),
    "no cost": lambda: season_charts.cost_chart(COSTS, DAY.replace(day=1)),
    "no picture": lambda: charts.quality_chart(day_of(**dict.fromkeys(QUALITIES, 0))),
}


@pytest.mark.parametrize("make", QUIET.values(), ids=QUIET.keys())
def test_a_chart_with_nothing_to_show_is_drawn(make: Callable[[], alt.Chart | alt.LayerChart]) -> None:
    panel = Panel("c", spec_of(make()))
    assert_drawn(Figure("c", "Nothing", "", (panel,), ()), panel)


def test_a_day_of_0_kwh_is_told_from_a_day_without_readings() -> None:
    rows = [(DAY - timedelta(days=back), 0.0, 0.0, 24.0, 0, 0) for back in (3, 1)]
    schema = ["local_date", "energy_kwh", "estimated_kwh", "hours", "base_load_w", "peak_w"]
    days = with_fullness(pl.DataFrame(rows, schema=schema, orient="row"), "Europe/Berlin")
    bars = charts.daily_chart(days, 0.0).to_dict()["datasets"]
    drawn = {bar["from"] for values in bars.values() for bar in values if bar.get("quality") == "measured"}
    assert len(drawn) == 2
