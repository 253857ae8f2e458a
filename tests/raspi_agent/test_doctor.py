import os
import re
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from raspi_agent.__main__ import main
from raspi_agent.ask import AskServer
from raspi_agent.capture import Taken
from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.clock import read_clock
from raspi_agent.doctor import run_doctor
from raspi_agent.outbox import Outbox

SETTINGS = """
camera = "cellar"
camera_url = "folder:pictures"
timezone = "Europe/Berlin"
free_mb = 0
trust_clock = true
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "agent.toml").write_text(SETTINGS)
    (tmp_path / "pictures").mkdir()
    Image.effect_noise((320, 240), 40).convert("RGB").save(tmp_path / "pictures" / "20260301_120000Z.jpg")
    os.utime(tmp_path / "pictures" / "20260301_120000Z.jpg", (0, 0))
    return tmp_path


def examined(home: Path) -> tuple[int, dict[str, str], list[str]]:
    """The exit code, the verdict by check, and the lines."""
    said: list[str] = []
    code = run_doctor(home, say=said.append)
    rows = {row.split()[1]: row.split()[0] for row in said[:-1]}
    return code, rows, "\n".join(said).splitlines()


def test_a_healthy_agent_gets_a_table_and_exit_code_0(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(path.name for path in home.rglob("*"))
    code, rows, lines = examined(home)
    assert code == 0
    assert {name: verdict for name, verdict in rows.items() if verdict == "FAULT"} == {}
    wanted = [
        "settings",
        "home",
        "outbox",
        "secrets",
        "disk",
        "clock",
        "temperature",
        "power",
        "lamp",
        "camera",
    ]
    assert list(rows)[:10] == wanted
    assert {"store", "waiting", "services"} <= set(rows)
    assert max(map(len, lines)) <= 80
    assert re.fullmatch(r"\d+ checks: no faults, .*", lines[-1])
    after = {path.name for path in home.rglob("*") if path.is_file()}
    assert after <= {*before, "lock", "shutter", "folder-camera"}
    assert main(["--home", str(home), "doctor"]) == 0
    assert "no faults" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "check", "says"),
    [
        (("folder:pictures", "folder:nowhere"), "camera", "is it there, its share mounted"),
        (("folder:pictures", "http://127.0.0.1:9/x"), "camera", "cable, power and address"),
        (("folder:pictures", "ftp://x"), "camera", "is no camera"),
        (("free_mb = 0", "free_mb = 100000000"), "disk", "bring the store back"),
        (("free_mb = 0", "store_url = 'file:/not/mounted'"), "store", "mount it"),
        (('camera = "cellar"', 'camera = "My Cellar"'), "settings", "is no name for a camera"),
        (("Europe/Berlin", "Europe/Nowhere"), "settings", "is no time zone"),
        (('camera = "cellar"', 'camera = "cellar'), "settings", "cannot be read"),
    ],
)
def test_each_trouble_is_a_fault_with_a_remedy(
    home: Path, change: tuple[str, str], check: str, says: str
) -> None:
    (home / "agent.toml").write_text(SETTINGS.replace(*change))
    code, rows, lines = examined(home)
    assert (code, rows[check]) == (1, "FAULT")
    assert says in " ".join(" ".join(lines).split())
    assert any(line.strip().startswith("-> ") for line in lines)


def test_a_folder_whose_pictures_have_all_been_taken_is_no_fault(home: Path) -> None:
    assert main(["--home", str(home), "once"]) == 0
    code, rows, lines = examined(home)
    assert (code, rows["camera"]) == (0, "WARNING")
    assert "there is no new picture" in " ".join(" ".join(lines).split())


def test_a_home_without_settings_is_told_what_they_are(tmp_path: Path) -> None:
    code, rows, lines = examined(tmp_path)
    assert (code, rows) == (1, {"settings": "FAULT", "home": "ok"})
    assert len(lines) < 20


def test_a_camera_password_is_not_shown(home: Path) -> None:
    (home / "agent.toml").write_text(
        SETTINGS.replace("folder:pictures", "http://admin:hunter22@127.0.0.1:9/x")
    )
    _, rows, lines = examined(home)
    assert rows["camera"] == "FAULT" or rows["settings"] == "FAULT"
    assert "hunter22" not in "\n".join(lines)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_leaves_no_files_in_somebody_elses_home(home: Path) -> None:
    os.chown(home, 65534, 65534)
    before = sorted(home.rglob("*"))
    code, rows, _ = examined(home)
    assert (code, rows) == (1, {"user": "FAULT"})
    assert sorted(home.rglob("*")) == before


def test_a_running_agent_keeps_its_camera(home: Path, jpeg: Callable[..., bytes]) -> None:
    asked: list[bool] = []

    def ask(*, is_extra: bool) -> "Future[Taken | None]":
        asked.append(is_extra)
        return Future()

    server = AskServer(home, ask, 1)
    server.start()
    try:
        assert examined(home)[1]["camera"] == "WARNING"
        facts = CaptureFacts(camera="cellar", taken_at=read_clock().now_at, clock_synchronised=True)
        Outbox(home / "outbox").add(jpeg(), facts)
        code, rows, lines = examined(home)
    finally:
        server.stop()
    assert (code, rows["camera"], asked) == (0, "ok", [])
    assert "the running agent took its last picture 0 minutes ago" in " ".join(" ".join(lines).split())


@pytest.mark.parametrize(
    ("schedule", "hours", "verdict"),
    [
        ("interval_minutes = 15", 0.3, "ok"),
        ("interval_minutes = 15", 2, "FAULT"),
        ("interval_minutes = 360", 4, "ok"),
        ('interval_minutes = 0\ndaily_times = ["06:00", "18:00"]', 11, "ok"),
        ('interval_minutes = 0\ndaily_times = ["06:00", "18:00"]', 48, "FAULT"),
        ('quiet_hours = ["22:00-06:00"]', 480, "FAULT"),
    ],
)
def test_a_running_agent_is_judged_by_the_slots_that_it_missed(
    home: Path, jpeg: Callable[..., bytes], schedule: str, hours: float, verdict: str
) -> None:
    (home / "agent.toml").write_text(f"{SETTINGS}{schedule}\n")
    slot_at = read_clock().now_at - timedelta(hours=hours)
    server = AskServer(home, lambda **_: Future(), 1)
    server.start()
    try:
        for taken_at in (slot_at, slot_at - timedelta(days=1000)):  # that one was left in a folder
            facts = CaptureFacts("cellar", taken_at=taken_at, clock_synchronised=True, slot_at=slot_at)
            Outbox(home / "outbox").add(jpeg(), facts)
            assert examined(home)[1]["camera"] == verdict
    finally:
        server.stop()
