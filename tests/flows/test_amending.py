"""A person's word: how it is understood, refused, and what follows it."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flows.written import parse_energy, parse_reading, parse_time, read_values
from tasks.metering.register import Register
from tasks.settings import SettingsError

SEVEN = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
WHOLE = Register("home/1-0:1.8.0", digits=6, decimals=0, max_power_w=24_000)
BERLIN = ZoneInfo("Europe/Berlin")


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


@pytest.mark.parametrize("text", ["361097", "36109.75", "-1.0", "1000000.0", "abc", "", "12345678", "nan"])
def test_what_is_no_reading_or_two_is_refused_with_examples(text: str) -> None:
    with pytest.raises(SettingsError, match=r"001234\.5.*0012345"):
        parse_reading(text, SEVEN)


@pytest.mark.parametrize(("text", "value_wh"), [("12.5", 12_500), ("-3", -3_000), ("0,1", 100)])
def test_an_amount_may_lie_below_zero(text: str, value_wh: int) -> None:
    assert parse_energy(text, SEVEN) == value_wh


@pytest.mark.parametrize("text", ["0.05", "inf", "x"])
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
    [("2026-03-29 02:30", "skip or repeat"), ("2026-10-25 02:30", "skip or repeat"), ("noon", "no time")],
)
def test_a_time_that_can_be_meant_in_two_ways_is_refused(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        parse_time(text, BERLIN)


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


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["correct", "x.jpg"], "Give the reading"),
        (["correct", "x.jpg", "1.0", "--undo"], "Give the reading"),
        (["correct", "x.jpg", "1.0"], "smartmeter ingest"),
        (["event", "add", "exchange", "--at", "noon"], "no time"),
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
