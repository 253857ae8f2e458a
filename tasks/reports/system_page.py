"""The page about the machines: cameras, their outboxes and logs, and how surely the reader reads."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from altair.utils.schemapi import debug_mode

from tasks.reports import system_charts
from tasks.reports.data import as_float
from tasks.reports.document import document
from tasks.reports.figures import Figure, figure, paired
from tasks.reports.formatting import NBSP, clock, count, date_of, moment, number, share, short_day
from tasks.reports.language import say, speaking
from tasks.reports.season_tables import table
from tasks.reports.system_data import ReaderData, StoreSpace, SystemData
from tasks.reports.tables import Tile

GIGABYTE = 1e9
PARTS = (("yield", "pictures read", "measured"), ("low_probability", "least sure tenth", "second"))


def build_system_page(
    cameras: Sequence[SystemData],
    readers: Sequence[ReaderData],
    *,
    timezone: str,
    generated_at: datetime,
    language: str,
    links: Mapping[str, str],
    store: StoreSpace | None = None,
    fingerprint: str | None = None,
) -> str:
    """Return the page; parts of which nothing is known are left out.

    Args:
        cameras: What agents told.
        readers: How surely each meter was read.
        timezone: The household's.
        generated_at: With a time zone.
        language: `en` or `de`.
        links: Pages of the meters by name.
        store: How full it is; None when nobody knows.
        fingerprint: Of what the page shows.
    """
    with speaking(language), debug_mode(False):
        local = generated_at.astimezone(ZoneInfo(timezone))
        shown = [each for camera in cameras for each in _camera_figures(camera)]
        shown += [each for reader in readers for each in _reader_figures(reader)]
        return document(
            "page.html.j2",
            title=("smartmeter", say("cameras and pictures")),
            lead=say(
                "Times are local, {zone}. Page made {day}, {time}.",
                zone=timezone,
                day=date_of(local.date()),
                time=clock(local.replace(second=0)),
            ),
            figures=paired(shown),
            navigations=[(say("Meters"), list(links.items()))],
            library="charts.js",
            fingerprint=fingerprint,
            is_empty=False,
            tiles=[*(tile for camera in cameras for tile in _tiles(camera, timezone)), *_store_tiles(store)],
            insights=[],
            readings_title="",
            rows=[],
            doubtful=[],
            words=(),
        )


def _tiles(camera: SystemData, timezone: str) -> list[Tile]:
    newest = camera.newest
    if not newest:
        return []
    at = datetime.fromisoformat(str(newest["at"])).astimezone(ZoneInfo(timezone))
    version = str(newest.get("version") or say("unknown"))
    tiles = [
        Tile(camera.camera, clock(at.replace(second=0, microsecond=0)), "", (
            say("last heard of, {day}", day=short_day(at.date())), say("version {version}", version=version)))
    ]  # fmt: skip
    health = camera.health
    temperature = health["temperature_c"].drop_nulls()
    if temperature.len():
        hottest = say("hottest {value} °C", value=number(as_float(temperature.max()), 1))
        throttled = health.filter(pl.col("throttled") != "").height
        notes = (hottest, say("throttled in {hours}", hours=count(throttled, "hour")))
        tiles.append(Tile(say("Temperature"), number(temperature.to_list()[-1], 1), "°C", notes))
    free, total = (_last(health, name) for name in ("disk_free_bytes", "disk_total_bytes"))
    if free is not None and total:
        of_all = say("{share} of {size} GB", share=share(free / total), size=number(total / GIGABYTE))
        tiles.append(Tile(say("Disk free"), number(free / GIGABYTE, 1), "GB", (of_all,)))
    waiting = _last(health, "waiting")
    if waiting is not None:
        dropped = say("{pictures} dropped", pictures=number(_last(health, "dropped") or 0))
        tiles.append(Tile(say("Waiting to be sent"), number(waiting), "", (dropped,)))
    is_right = health["clock_synchronised"].drop_nulls()
    if is_right.len():
        words = say("right") if is_right.to_list()[-1] else say("not synchronised")
        restarts = count(int(_last(health, "restarts") or 0), "restart")
        tiles.append(Tile(say("Clock"), words, "", (restarts,)))
    return tiles


def _store_tiles(store: StoreSpace | None) -> list[Tile]:
    if store is None:
        return []
    total = store.total_bytes
    notes = (
        (say("{share} of {size} GB", share=share(store.used_bytes / total), size=number(total / GIGABYTE)),)
        if total
        else ()
    )
    return [Tile(say("In the store"), number(store.used_bytes / GIGABYTE, 1), "GB", notes)]


def _last(health: pl.DataFrame, column: str) -> float | None:
    known: list[float] = health[column].drop_nulls().to_list()
    return known[-1] if known else None


def _camera_figures(camera: SystemData) -> list[Figure]:
    makers: tuple[Callable[[SystemData], Figure | None], ...] = (
        _completeness, _temperature, _outbox, _captures, _uploads, _events,
    )  # fmt: skip
    return [each for make in makers if (each := make(camera)) is not None]


def _name(camera: SystemData, part: str) -> str:
    return f"{part}_{''.join(letter if letter.isalnum() else '_' for letter in camera.camera)}"


def _completeness(camera: SystemData) -> Figure | None:
    known = camera.health.filter(pl.col("due") > 0, pl.col("taken").is_not_null())
    if known.is_empty():
        return None
    due, taken = float(known["due"].sum()), float(known["taken"].sum())
    title = say(
        "{camera}: {share} of the pictures due were taken",
        camera=camera.camera,
        share=share(min(1, taken / due)),
    )
    rows = [
        (moment(row["at_local"]), number(row["due"]), number(row["taken"]), number(row["missed"] or 0))
        for row in known.sort("at_local", descending=True).iter_rows(named=True)
    ]
    name = _name(camera, "completeness")
    note = say("Hour by day, against the plan; red where pictures are missing.")
    values = table(("Hour", "due", "taken", "missed"), rows)
    return figure(name, title, note, system_charts.completeness_chart(name, known), values)


def _hourly(camera: SystemData, column: str, title: str, axis: str, decimals: int) -> Figure | None:
    known = camera.health.drop_nulls(column)
    if known.is_empty():
        return None
    name = _name(camera, column)
    chart = system_charts.hourly_line(name, known, column, axis, decimals)
    rows = [
        (moment(at), number(value, decimals))
        for at, value in known.sort("at_local", descending=True).select("at_local", column).iter_rows()
    ]
    return figure(name, title, say("Hour by hour."), chart, table(("When", axis), rows), is_half=True)


def _temperature(camera: SystemData) -> Figure | None:
    known = camera.health["temperature_c"].drop_nulls()
    highest = number(as_float(known.max()), 1) if known.len() else ""
    title = say("{camera}: at most {value} °C", camera=camera.camera, value=highest)
    return _hourly(camera, "temperature_c", title, "°C", 1)


def _outbox(camera: SystemData) -> Figure | None:
    known = camera.health["waiting"].drop_nulls()
    most = as_float(known.max())
    title = say("{camera}: no picture waited to be sent", camera=camera.camera)
    if most:
        sentence = "{camera}: at most {value} pictures waited to be sent"
        title = say(sentence, camera=camera.camera, value=number(most))
    return _hourly(camera, "waiting", title, "pictures waiting", 0)


def _captures(camera: SystemData) -> Figure | None:
    return _boxes(camera, "capture", "{camera}: a picture usually takes {value} s")


def _uploads(camera: SystemData) -> Figure | None:
    return _boxes(camera, "upload", "{camera}: sending one usually takes {value} s")


def _boxes(camera: SystemData, activity: str, sentence: str) -> Figure | None:
    of_it = camera.durations.filter(pl.col("activity") == activity)
    if of_it.is_empty():
        return None
    name = _name(camera, activity)
    middle = number(as_float(of_it["seconds"].median()), 1)
    title = say(sentence, camera=camera.camera, value=middle)
    note = say("Box: half of all; line in it: median; whiskers: 19 of 20.")
    seconds = pl.col("seconds")
    by_day = of_it.group_by("local_date").agg(
        seconds.median().alias("middle"), seconds.min().alias("least"), seconds.max().alias("most"), pl.len()
    )
    rows = [
        (
            f"{short_day(row['local_date'])} {row['local_date'].year}",
            *(number(row[part], 2) for part in ("least", "middle", "most")),
            number(row["len"]),
        )
        for row in by_day.sort("local_date", descending=True).iter_rows(named=True)
    ]
    values = table(("Day", "least, s", "median, s", "most, s", "how many"), rows)
    return figure(name, title, note, system_charts.box_chart(name, of_it), values, is_half=True)


def _events(camera: SystemData) -> Figure | None:
    if camera.levels.is_empty():
        return None
    name = _name(camera, "events")
    bad = camera.levels.filter(pl.col("level").is_in(system_charts.EVENT_LEVELS))
    title = say("{camera}: {lines} warnings and errors in the log", camera=camera.camera,
                lines=number(int(bad["lines"].sum())))  # fmt: skip
    note = say("Lines of the agent's log by level; the table has the others too.")
    rows = [
        (f"{short_day(row['local_date'])} {row['local_date'].year}", say(row["level"]), number(row["lines"]))
        for row in camera.levels.sort("local_date", "level", descending=[True, False]).iter_rows(named=True)
    ]
    values = table(("Day", "Level", "Lines"), rows)
    return figure(name, title, note, system_charts.levels_chart(name, camera.levels), values)


def _reader_figures(reader: ReaderData) -> list[Figure]:
    days = reader.days
    if days.is_empty():
        return []
    with_yield = days.with_columns((pl.col("n_accepted") / pl.col("n_pictures")).alias("yield"))
    return [_yield(reader, with_yield), *_drift(reader, days)]


def _yield(reader: ReaderData, days: pl.DataFrame) -> Figure:
    name = f"reader_{_plain(reader.meter)}"
    total = float(days["n_accepted"].sum()) / float(days["n_pictures"].sum())
    title = say("{meter}: {share} of the pictures gave a reading", meter=reader.meter, share=share(total))
    note = say("Yield of the reader, and the probability that nine of ten readings exceed, day by day.")
    rows = [
        (
            f"{short_day(row['local_date'])} {row['local_date'].year}",
            number(row["n_pictures"]),
            share(row["yield"]),
            "" if row["probability"] is None else share(row["probability"]),
            "" if row["low_probability"] is None else share(row["low_probability"]),
        )
        for row in days.sort("local_date", descending=True).iter_rows(named=True)
    ]
    values = table(("Day", "Pictures", "read", "probability, median", "least sure tenth"), rows)
    return figure(name, title, note, system_charts.share_line(name, days, PARTS), values, is_half=True)


def _drift(reader: ReaderData, days: pl.DataFrame) -> list[Figure]:
    known: list[dict[str, Any]] = days.drop_nulls(["x", "y"]).to_dicts()
    if not known:
        return []
    first = known[0]
    shifts = [((each["x"] - first["x"]) ** 2 + (each["y"] - first["y"]) ** 2) ** 0.5 for each in known]
    moved = pl.DataFrame(
        {"local_date": [each["local_date"] for each in known], "shift_px": shifts},
        schema={"local_date": pl.Date, "shift_px": pl.Float64},
    )
    name = f"drift_{_plain(reader.meter)}"
    title = say("{meter}: the window stayed where it was", meter=reader.meter)
    if any(shifts):
        title = say("{meter}: the window moved by at most {value} pixels", meter=reader.meter,
                    value=number(max(shifts), 1))  # fmt: skip
    note = say("Where the register stands in the picture, day by day, against the first day shown.")
    rows = [
        (f"{short_day(each['local_date'])} {each['local_date'].year}", f"{number(shift, 1)}{NBSP}px")
        for each, shift in reversed(list(zip(known, shifts, strict=True)))
    ]
    values = table(("Day", "moved"), rows)
    return [figure(name, title, note, system_charts.drift_chart(name, moved), values, is_half=True)]


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)
