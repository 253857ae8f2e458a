from contextlib import suppress
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from raspi_agent.power import under_maintenance
from raspi_agent.settings import SettingsError, all_settings, describe_settings, load_settings
from raspi_agent.slots import Schedule

GOOD = 'camera = "home"\ncamera_url = "folder:pictures"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "agent.toml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def test_the_file_the_environment_and_the_defaults(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTMETER_AGENT_CAMERA", "cellar")
    monkeypatch.setenv("SMARTMETER_AGENT_INTERVAL_MINUTES", "5")
    monkeypatch.setenv("SMARTMETER_AGENT_LIGHT__SETTLE_S", "2.5")
    settings = load_settings(home)
    assert (settings.camera, settings.camera_url, settings.interval_minutes) == (
        "cellar",
        "folder:pictures",
        5,
    )
    assert (settings.store_url, settings.outbox) == ("file:store", Path("outbox"))
    assert (settings.light.settle_s, settings.light.longest_on_s) == (2.5, 90)
    assert settings.schedule == Schedule(5, zone=ZoneInfo("UTC"))


def test_the_outbox_may_lie_in_the_home_of_its_user(home: Path) -> None:
    (home / "agent.toml").write_text(f'{GOOD}outbox = "~/outbox"\n', encoding="utf-8")
    assert load_settings(home).outbox == Path.home() / "outbox"


@pytest.mark.parametrize(
    ("text", "explanation"),
    [
        ('camera_url = "folder:x"', "camera is missing in .*agent.toml .*SMARTMETER_AGENT_CAMERA"),
        (GOOD + "intervall = 5", "intervall in .*agent.toml: no such setting; there are camera, camera_url"),
        (GOOD + "interval_minutes = 7", "7 minutes do not divide a day"),
        (GOOD + "interval_minutes = 0", "needs daily_times, or no picture would ever be due"),
        (GOOD + "interval_minutes = -1", "interval_minutes = -1: .*greater than or equal to 0"),
        (GOOD + 'quiet_hours = ["1-5"]', "quiet_hours.*'1-5' is no span of time; write it like 01:00-05:00"),
        (GOOD + 'quiet_hours = ["01:00Z-05:00Z"]', "is no span of time; write it like 01:00-05:00"),
        (GOOD + 'interval_minutes = 60\nquiet_hours = ["00:00-23:59"]', "quiet_hours leave out every slot"),
        (GOOD + "daily_times = [7, 19]", '7 is no time; write it like "23:59"'),
        (GOOD + 'daily_times = ["23:59Z"]', "names a zone, but times are in that of timezone"),
        (GOOD + 'timezone = "Berlin"', "'Berlin' is no time zone of this machine"),
        (GOOD + "flow_grace_s = 500", "flow_grace_s must be at most half the time between two pictures"),
        (
            GOOD + "[light]\ncolour = 1",
            "light.colour in .*: no such setting; there are light.url",
        ),
        (GOOD + "[light]\noutbox = 'x'", r"outbox belongs above the first table, and stands below \[light\]"),
        (GOOD + "light = 'gpio:17'", r"light in .*agent.toml is a table: write \[light\]"),
        (GOOD + "[lihgt]\nurl = 'x'", r"lihgt in .*no such setting; there are camera, .*, \[light\]"),
        (GOOD + "[power]\non_minutes = 0", "power.on_minutes = 0: .*greater than or equal to 1"),
        (
            GOOD + '[power]\nmaintenance = ["/"]',
            "power.maintenance = .*'/' names no file",
        ),
        (GOOD.replace("home", "My House"), "'My House' is no name for a camera"),
        ("camera = ", "agent.toml cannot be read"),
    ],
)
def test_what_is_wrong_is_explained(home: Path, text: str, explanation: str) -> None:
    (home / "agent.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=explanation):
        load_settings(home)


@pytest.mark.parametrize("pattern", ["", " ", "/", "/media/**x", "/media/[x", "/media/**/keep"])
def test_no_pattern_ends_the_agent_after_its_start(home: Path, pattern: str) -> None:
    (home / "agent.toml").write_text(f'{GOOD}[power]\nmaintenance = ["{pattern}"]', encoding="utf-8")
    with suppress(SettingsError):
        assert under_maintenance(load_settings(home).power.maintenance) is None


def test_a_file_that_begins_as_some_editors_of_windows_have_it(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(GOOD, encoding="utf-8-sig")
    assert load_settings(tmp_path).camera == "home"


def test_a_file_of_another_encoding_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(f"# Zähler\n{GOOD}", encoding="latin-1")
    with pytest.raises(SettingsError, match="is not written in UTF-8: save it anew"):
        load_settings(tmp_path)


def test_a_mistyped_variable_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTMETER_AGENT_CAMRA", "x")
    with pytest.raises(SettingsError, match="SMARTMETER_AGENT_CAMRA: no such setting"):
        load_settings(home)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QUIET_HOURS", "01:00-05:00"),
        ("QUIET_HOURS", ""),
        ("DAILY_TIMES", '["23:59'),
        ("POWER__MAINTENANCE", "/media/*/keep"),
    ],
)
def test_a_variable_that_is_no_list_is_named_and_shown_how(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SMARTMETER_AGENT_{name}", value)
    with pytest.raises(SettingsError, match=rf"^SMARTMETER_AGENT_{name} = .* is no list: write \[") as caught:
        load_settings(home)
    assert repr(value) in str(caught.value)
    example = str(caught.value).partition("write ")[2].partition(" (")[0]
    monkeypatch.setenv(f"SMARTMETER_AGENT_{name}", example)
    load_settings(home)


def test_without_a_file_every_setting_is_explained(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert describe_settings() in str(caught.value)
    assert all(name in describe_settings() for name, _ in all_settings())
    assert "light.settle_s" in describe_settings()


def test_times_and_spans_become_a_schedule(home: Path) -> None:
    lines = 'daily_times = ["23:59"]\nquiet_hours = ["23:00-05:00"]\ntimezone = "Europe/Berlin"\n'
    (home / "agent.toml").write_text(GOOD + lines, encoding="utf-8")
    assert load_settings(home).schedule == Schedule(
        15, (time(23, 59),), ((time(23), time(5)),), ZoneInfo("Europe/Berlin")
    )
