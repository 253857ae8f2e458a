"""A person's word: how it is understood, refused, and what follows it."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from flows.amending import add, correct_picture, set_reading, undo, waiting
from flows.told import describe
from flows.written import parse_energy, parse_past, parse_reading, parse_time, read_values
from tasks.archive import CLOCK_TOLERANCE, PICTURE_SCHEMA
from tasks.fetch import prepare_warehouse
from tasks.metering.register import Register
from tasks.settings import MeterSettings, Settings, SettingsError, load_settings
from tasks.settings_tables import TariffSettings
from warehouse.connection import open_warehouse
from warehouse.events import Correction, Event, add_event, correct
from warehouse.loading import load_pictures

SEVEN = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
WHOLE = Register("home/1-0:1.8.0", digits=6, decimals=0, max_power_w=24_000)
BERLIN = ZoneInfo("Europe/Berlin")
ATTIC = {"camera": "attic"}
PICTURE = {
    "picture_key": "images/cellar/20260301/20260301_110000Z_000001.jpg",
    "camera": "cellar",
    "taken_at": datetime(2026, 3, 1, 11, tzinfo=UTC),
    "time_source": "name",
    "received_at": datetime(2026, 3, 1, 11, 1, tzinfo=UTC),
    "content_sha256": "0" * 64,
    "size_bytes": 40_000,
    "source": "file:store/x@1",
}


@pytest.mark.parametrize(
    ("text", "register", "value_wh"),
    [
        ("36109.7", SEVEN, 36_109_700),
        ("36109,7", SEVEN, 36_109_700),
        ("0361097", SEVEN, 36_109_700),
        (" 036109.7 ", SEVEN, 36_109_700),
        ("36109.700", SEVEN, 36_109_700),
        ("12.0", SEVEN, 12_000),
        ("1234", SEVEN, 1_234_000),
        ("36109", WHOLE, 36_109_000),
        ("036109", WHOLE, 36_109_000),
    ],
)
def test_a_reading_is_kwh_or_all_drums(text: str, register: Register, value_wh: int) -> None:
    assert parse_reading(text, register) == value_wh


@pytest.mark.parametrize(
    "text", ["361097", "36109.75", "²²²²²²²", "-1.0", "1000000.0", "abc", "", "12345678", "nan", "1.0e50"]
)
def test_what_is_no_reading_or_two_is_refused_with_examples(text: str) -> None:
    with pytest.raises(SettingsError, match=r"001234\.5.*0012345"):
        parse_reading(text, SEVEN)


@pytest.mark.parametrize(("text", "value_wh"), [("12.5", 12_500), ("-3", -3_000), ("0,1", 100)])
def test_an_amount_may_lie_below_zero(text: str, value_wh: int) -> None:
    assert parse_energy(text, SEVEN) == value_wh


@pytest.mark.parametrize("text", ["0.05", "inf", "x", "1e50", "-1e50"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="no amount of energy"):
        parse_energy(text, SEVEN)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01 14:30", datetime(2026, 3, 1, 13, 30, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-10-25 02:30:00+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-03-01T13:30:00Z", datetime(2026, 3, 1, 13, 30, tzinfo=UTC)),
    ],
)
def test_times_are_local_or_carry_their_offset(text: str, instant: datetime) -> None:
    assert parse_time(text, BERLIN) == instant


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-03-29 02:30", "skip or repeat"),
        ("2026-10-25 02:30", "skip or repeat"),
        ("noon", "no time"),
        ("2026-03-01T13:30:00.5", "no time"),
        ("0001-01-01 00:00", "no time"),
        ("9999-12-31 23:00-05:00", "no time"),
    ],
)
def test_a_time_that_can_be_meant_in_two_ways_or_none_is_refused(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        parse_time(text, BERLIN)


@pytest.mark.parametrize(("ahead", "is_taken"), [(timedelta(0), True), (timedelta(minutes=2), False)])
def test_what_has_been_is_ahead_at_most_as_a_cameras_clock_may_be(ahead: timedelta, is_taken: bool) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) + CLOCK_TOLERANCE + ahead
    if is_taken:
        assert parse_past(moment.isoformat(), BERLIN) == moment
    else:
        with pytest.raises(SettingsError, match="lies in the future"):
            parse_past(moment.isoformat(), BERLIN)


@pytest.mark.parametrize(
    ("last_wh", "first_wh", "line"),
    [
        (361_097_423, 1_234, "exchange, old 361097.423 kWh, new 1.234 kWh"),
        (100_000_000, 0, "exchange, old 100000 kWh, new 0 kWh"),
        (36_109_700, None, "exchange, old 36109.7 kWh"),
    ],
)
def test_an_event_is_listed_with_every_digit(last_wh: int, first_wh: int | None, line: str) -> None:
    event = {"kind": "exchange", "last_wh": last_wh, "first_wh": first_wh, "offset_wh": None, "tariff": None}
    assert describe(event | {"note": None, "undone_at": None}) == line


def test_prices_may_be_told_by_the_mwh(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("start_at,eur_per_mwh\n2026-03-01 00:00,90\n2026-02-28T22:00:00Z,-5.5\n")
    assert read_values(path, "price_per_kwh", BERLIN) == [
        (datetime(2026, 2, 28, 22, tzinfo=UTC), -0.0055),
        (datetime(2026, 2, 28, 23, tzinfo=UTC), 0.09),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a,b\n1,2\n", "needs the columns"),
        ("start_at,price_per_kwh\n2026-03-01,x\n", "line 2: 'x' is no amount"),
        ("start_at,price_per_kwh\n2026-03-01,0.1\n2026-03-02,nan\n", "line 3: 'nan' is no amount"),
        ("start_at,price_per_kwh\n2026-03-01,-inf\n", "line 2: '-inf' is no amount"),
        ("start_at,price_per_kwh\n2026-03-01,1e30\n", "line 2: '1e30' is no amount"),
        ("start_at,price_per_kwh\n2026-03-01\n", "line 2: None is no amount"),
        ("start_at,price_per_kwh\n2026-10-25 02:00,0.1\n", r"line 2: .*offset, like 2026-10-25T02:00\+02:00"),
        ("start_at,price_per_kwh,für\n2026-03-01,0.1,x\n", "not written in UTF-8"),
    ],
)
def test_a_csv_that_is_none_is_refused_with_its_line(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(SettingsError, match=says):
        read_values(path, "price_per_kwh", BERLIN)


def test_a_word_goes_by_the_settings_as_they_are_now(tmp_path: Path) -> None:
    before = Settings(home=tmp_path, meters={"home": MeterSettings(camera="cellar", digits=7)})
    now = Settings(home=tmp_path, meters={"home": MeterSettings(camera="attic", digits=7, decimals=1)})
    key, at = "manual/20260301_120000Z", datetime(2026, 3, 1, 12, tzinfo=UTC)
    prepare_warehouse.fn(before)
    with waiting(before) as warehouse:
        correct(
            warehouse,
            Correction("home/1-0:1.8.0", key, at, parse_reading("0361197", before.register_of("home"))),
        )
    for name in ("b", "c"):  # the next word comes before the next ingest
        with waiting(now) as warehouse:
            value_wh = parse_reading("0361198", now.register_of("home"))
            correct(warehouse, Correction("home/1-0:1.8.0", f"manual/{name}", at, value_wh))
    prepare_warehouse.fn(now)
    with open_warehouse(now.warehouse) as warehouse:
        values = warehouse.query("corrections")["value_wh"].to_list()
    assert values == [36_119_700, 36_119_800, 36_119_800]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["correct", "x.jpg"], "Give the reading"),
        (["correct", "x.jpg", "1.0", "--undo"], "Give the reading"),
        (["correct", "x.jpg", "1.0"], "smartmeter ingest"),
        (["event", "add", "exchange", "--at", "noon"], "no time"),
        (["event", "add", "exchange", "--at", "2126-11-04 12:00"], "lies in the future"),
        (["event", "add", "reset", "--at", "2126-11-04 12:00"], "lies in the future"),
        (["event", "add", "offset", "--at", "2126-11-04 12:00", "--by", "1"], "lies in the future"),
        (
            ["event", "add", "reading", "--at", "2126-11-04 12:00", "--reading", "36140.0"],
            "lies in the future",
        ),
        (["event", "add", "reading", "--at", "0226-11-04 12:00", "--reading", "36140.0"], "lies before 2000"),
        (
            ["event", "add", "note", "--at", "2126-11-04", "--text", "the fuses are changed"],
            "smartmeter ingest",
        ),
        (["event", "add", "tariff", "--at", "2026-01-01", "--name", "night"], "[tariffs.night]"),
        (["event", "add", "exchange", "--at", "2026-01-01", "--register", "1-0:2.8.0"], "1-0:2.8.0"),
        (["prices", "load", "nowhere.csv", "--area", "DE-LU"], "nowhere.csv is no file"),
        (["reread", "--meter", "garage"], "configured: home"),
    ],
)
def test_wrong_use_is_refused_with_a_remedy(home: Path, arguments: list[str], says: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, "Traceback" in answer.stderr) == (2, False)
    assert says in answer.stderr


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EXCHANGE = Event("home/1-0:1.8.0", "exchange", NOON, last_wh=36_109_700, first_wh=0)


@pytest.fixture
def told(home: Path) -> Settings:
    """An installation that was told of an exchange, and has one picture."""
    settings = load_settings()
    prepare_warehouse.fn(settings)
    with open_warehouse(settings.warehouse) as warehouse:
        add_event(warehouse, EXCHANGE)
        load_pictures(warehouse, pl.DataFrame([PICTURE], schema=PICTURE_SCHEMA))
    return settings


@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=3), -timedelta(hours=23)])
def test_one_exchange_is_not_told_twice(told: Settings, later: timedelta) -> None:
    with pytest.raises(SettingsError, match="smartmeter event undo 1"):
        add(told, replace(EXCHANGE, happened_at=NOON + later))


@pytest.mark.parametrize(
    ("old_wh", "is_doubted"),
    [(36_200_000, False), (36_109_700, False), (3_620_000, True), (362_000_000, True)],
)
def test_an_old_reading_that_cannot_follow_is_doubted(
    told: Settings, capsys: pytest.CaptureFixture[str], old_wh: int, is_doubted: bool
) -> None:
    at = NOON + timedelta(days=10)
    set_reading(told, "home/1-0:1.8.0", NOON + timedelta(days=4), "36109.7", None)
    add(told, replace(EXCHANGE, happened_at=at, last_wh=old_wh))
    assert ("`smartmeter event undo 2` takes the event back" in capsys.readouterr().out) == is_doubted


def test_a_tariff_counts_at_once_when_it_was_just_added_to_the_settings(told: Settings) -> None:
    night = TariffSettings(energy_per_kwh=Decimal("0.2"))
    with waiting(told.model_copy(update={"tariffs": {"night": night}})) as warehouse:
        assert warehouse.sql("select tariff from core.tariffs").rows() == [("night",)]


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("home", {"decimals": 0}, "1 settled readings and all energy are taken by the new decimals"),
        ("house", {}, "home/1-0:1.8.0 is in the settings no more"),
        ("home", {"max_power_kw": 30.0}, None),
    ],
)
def test_what_changed_settings_lose_is_told_by_whatever_comes_first(
    told: Settings, capsys: pytest.CaptureFixture[str], name: str, values: dict[str, object], says: str | None
) -> None:
    set_reading(told, "home/1-0:1.8.0", NOON + timedelta(days=4), "36109.7", None)
    with open_warehouse(told.warehouse) as warehouse:
        warehouse.script("update core.register_readings set quality = 'measured', settled = true")
    capsys.readouterr()
    meters = {name: told.meters["home"].model_copy(update=values)}
    for expected in (says, None):
        waiting(told.model_copy(update={"meters": meters})).close()
        said = " ".join(capsys.readouterr().out.split())
        assert (expected in said) if expected else not said


def test_of_a_meter_that_is_configured_no_more_nothing_is_half_done(told: Settings) -> None:
    other = told.model_copy(update={"meters": {"other": told.meters["home"].model_copy(update=ATTIC)}})
    with pytest.raises(SettingsError, match="There is no register"):
        undo(other, 1)
    with pytest.raises(SettingsError, match="has or had the camera of"):
        correct_picture(other, None, str(PICTURE["picture_key"]), "36109.7")
    with open_warehouse(told.warehouse) as warehouse:
        assert warehouse.query("events")["undone_at"].to_list() == [None]
        assert warehouse.query("corrections").is_empty()
