from datetime import timedelta
from pathlib import Path

import pytest

from raspi_agent.settings import AgentSettings, SettingsError, describe_settings, load_settings

GOOD = 'camera = "home"\ncamera_url = "folder:pictures"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "agent.toml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def test_the_file_the_environment_and_the_defaults(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTMETER_AGENT_CAMERA", "cellar")
    monkeypatch.setenv("SMARTMETER_AGENT_INTERVAL_MINUTES", "5")
    settings = load_settings(home)
    assert (settings.camera, settings.camera_url, settings.interval_minutes) == (
        "cellar",
        "folder:pictures",
        5,
    )
    assert (settings.store_url, settings.outbox) == ("file:store", Path("outbox"))
    assert timedelta(days=1) % timedelta(minutes=settings.interval_minutes) == timedelta(0)


@pytest.mark.parametrize(
    ("text", "explanation"),
    [
        ('camera_url = "folder:x"', "camera is missing in .*agent.toml .*SMARTMETER_AGENT_CAMERA"),
        (GOOD + "intervall = 5", "intervall in .*agent.toml: no such setting; there are camera, camera_url"),
        (GOOD + "interval_minutes = 7", "7 minutes do not divide a day"),
        (GOOD + "interval_minutes = 0", "greater than or equal to 1"),
        (GOOD.replace("home", "My House"), "'My House' is no name for a camera"),
        ("camera = ", "agent.toml cannot be read"),
    ],
)
def test_what_is_wrong_is_explained(home: Path, text: str, explanation: str) -> None:
    (home / "agent.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=explanation):
        load_settings(home)


def test_a_mistyped_variable_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTMETER_AGENT_CAMRA", "x")
    with pytest.raises(SettingsError, match="SMARTMETER_AGENT_CAMRA: no such setting"):
        load_settings(home)


def test_without_a_file_every_setting_is_explained(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert describe_settings() in str(caught.value)
    assert all(name in describe_settings() for name in AgentSettings.model_fields)
