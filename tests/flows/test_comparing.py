"""`smartmeter compare`, and the report as files."""

import json
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Literal

import pytest

from benchmarks.report import Truths, made_up_home
from flows.comparing import compare, parse_period
from flows.report_files import BROWSERS, export_report
from tasks.publish import publish_pages
from tasks.settings import Settings, SettingsError
from tasks.settings_tables import ReportSettings
from warehouse.connection import open_warehouse

CHANGED = date(2026, 10, 20)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Three months of a household in which something more is always on since a day."""
    return made_up_home(tmp_path_factory.mktemp("made-up"), 90, truths=Truths(always_on_since=CHANGED))


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2026-02", (date(2026, 2, 1), date(2026, 2, 28))),
        ("2026-12", (date(2026, 12, 1), date(2026, 12, 31))),
        ("2026-01-05..2026-03-01", (date(2026, 1, 5), date(2026, 3, 1))),
        ("2026-01-05..2026-01-05", (date(2026, 1, 5), date(2026, 1, 5))),
    ],
)
def test_a_period_is_a_month_or_two_days(text: str, period: tuple[date, date]) -> None:
    assert parse_period(text, "--before") == period


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-03-01", "2026-03-02..2026-03-01", "march", "2026-03.."]
)
def test_what_is_no_period_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingsError, match=r"--after .* 2026-03-01\.\.2026-04-15"):
        parse_period(text, "--after")


def test_the_change_is_told_with_its_interval(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    periods = parse_period("2026-09-10..2026-10-19", ""), parse_period("2026-10-21..2026-11-20", "")
    compare(settings, "home", *periods, as_json=True)
    facts = json.loads(capsys.readouterr().out)
    assert facts["low_kwh"] <= 45 * 8.766 <= facts["high_kwh"]
    assert facts["money_per_year"] == pytest.approx(0.34 * facts["kwh_per_year"])
    assert facts["season_taken_out"]
    before_w, after_w = facts["base_load_w"]
    assert after_w - before_w == pytest.approx(45, abs=10)
    compare(settings, "home", *periods, as_json=False)
    told = capsys.readouterr().out
    assert "with 95 % confidence between" in told
    assert "Base load:" in told
    assert "€" in told


def test_of_a_meter_that_stands_still_no_interval_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = made_up_home(tmp_path / "home", 20, truths=Truths(standing_min=20 * 1440))
    periods = parse_period("2026-11-02..2026-11-09", ""), parse_period("2026-11-10..2026-11-18", "")
    compare(settings, "home", *periods, as_json=False)
    told = capsys.readouterr().out
    assert "The register did not move in either period." in told
    assert "between" not in told


@pytest.mark.parametrize(
    ("language", "says", "never"),
    [
        (
            "en",
            (
                "kWh fed in a day\n",
                "kWh fed in a day; with 95 %",
                "In earnings: €",
                "the sun's season in it",
            ),
            ("a year", "Base load", "usual household", "In money"),
        ),
        ("de", (" eingespeist\n", "An Vergütung: ", "die Jahreszeit der Sonne"), ("im Jahr", "Grundlast")),
    ],
)
def test_what_is_fed_in_is_compared_as_no_household(
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    language: Literal["en", "de"],
    says: tuple[str, ...],
    never: tuple[str, ...],
) -> None:
    roof = settings.meters["home"].model_copy(update={"obis_code": "1-0:2.8.0"})
    report = ReportSettings(language=language)
    feeding = settings.model_copy(update={"meters": {"home": roof}, "report": report})
    periods = parse_period("2026-10-21..2026-11-20", ""), parse_period("2026-09-10..2026-10-19", "")
    compare(feeding, "home", *periods, as_json=False)
    told = capsys.readouterr().out
    assert [words for words in says if words not in told] == []
    assert [words for words in never if words in told] == []
    compare(feeding, "home", *periods, as_json=True)
    facts = json.loads(capsys.readouterr().out)
    assert facts["money_per_year"] < 0  # by what is used: what lessens a bill is earned
    plain = 365.25 * (facts["after_kwh"] - facts["before_kwh"])
    assert facts["kwh_per_year"] == pytest.approx(plain, rel=0.1)
    assert not facts["season_taken_out"]
    assert facts["base_load_w"] == [None, None]


def test_where_the_register_ran_backwards_the_change_of_a_day_is_told(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(settings.home, tmp_path / "home")
    sunny = settings.model_copy(update={"home": tmp_path / "home"})
    sunny.sql_copy.chmod(0o644)
    with open_warehouse(sunny.sql_copy) as copy:
        copy.script("update core.interval_15min set energy_wh = -1 where local_date = date '2026-10-30'")
    before, after = parse_period("2026-09-10..2026-10-19", ""), parse_period("2026-10-21..2026-11-20", "")
    compare(sunny, "home", before, after, as_json=False)
    told = capsys.readouterr().out
    assert "kWh a day; with 95 % confidence" in told
    assert re.search(r"In money: €0\.\d\d a day", told)
    assert "the sun's season in it" in told
    assert "usual household" not in told
    compare(sunny, "home", before, parse_period("2026-11-01..2026-11-20", ""), as_json=False)
    assert "kWh a year; with 95 % confidence" in capsys.readouterr().out


def test_too_few_days_are_refused_with_a_remedy(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="at least seven full days"):
        compare(settings, "home", parse_period("2020-01", ""), parse_period("2026-11", ""), as_json=False)


def test_a_copy_of_another_version_is_to_be_made_anew(tmp_path: Path) -> None:
    settings = made_up_home(tmp_path / "home", 2)
    settings.sql_copy.chmod(0o644)
    with open_warehouse(settings.sql_copy) as copy:
        copy.script(
            "delete from schema_migrations where name = 'views/core.sql'; drop view core.first_registers"
        )
    with pytest.raises(SettingsError, match="`smartmeter report` makes it anew"):
        compare(settings, "home", parse_period("2026-10", ""), parse_period("2026-11", ""), as_json=False)


def test_charts_and_page_are_written_as_files(
    tmp_path: Path,
) -> None:
    settings = made_up_home(tmp_path / "home", 2)
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        publish_pages(warehouse, settings)
    export_report(settings, tmp_path / "files")
    names = {path.name for path in (tmp_path / "files").iterdir()}
    assert {"home-daily.png", "home-daily.pdf", "home-profile.png", "home-quality.pdf"} <= names
    assert (tmp_path / "files" / "home-daily.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "files" / "home-daily.pdf").read_bytes().startswith(b"%PDF")
    has_browser = any(Path("/usr/bin", name).exists() for name in BROWSERS)
    assert ("home.pdf" in names) == has_browser
