import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from raspi_agent.__main__ import main
from raspi_agent.folder_store import FolderStore

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator

SETTINGS = 'camera = "home"\ncamera_url = "folder:pictures"\ninterval_minutes = 60\n'


@pytest.fixture
def home(tmp_path: Path, jpeg: Callable[..., bytes]) -> Path:
    (tmp_path / "agent.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "pictures").mkdir()
    for number in range(3):
        path = tmp_path / "pictures" / f"20260301_12000{number}Z.jpg"
        path.write_bytes(jpeg(b"%d" % number))
        os.utime(path, (0, 0))
    return tmp_path


def run(home: Path, *arguments: str) -> int:
    return main(["--home", str(home), *arguments])


def stored(home: Path) -> list[str]:
    """The keys of the pictures in the store."""
    keys = [revision.key for revision in FolderStore(home / "store").list().revisions]
    return [key for key in keys if key.startswith("images/")]


def test_once_brings_the_picture_of_the_slot_to_the_store(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home, "once") == 0
    assert stored(home) == ["images/home/20260301/20260301_120000Z_000001.jpg"]
    assert run(home, "once") == 0
    assert len(stored(home)) == 1
    assert "has its picture already" in capsys.readouterr().out


def test_a_store_that_is_away_costs_no_picture(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as away:
        away.setenv("SMARTMETER_AGENT_STORE_URL", f"file:{home}/not-mounted")
        assert run(home, "once") == 0
        assert run(home, "upload") == 1
    assert run(home, "upload") == 0
    assert len(stored(home)) == 1


def test_a_changed_outbox_brings_no_picture_twice(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, outbox in enumerate(("first", "second", "third")):
        monkeypatch.setenv("SMARTMETER_AGENT_OUTBOX", outbox)
        assert run(home, "once") == 0
        assert [f"_12000{number}Z_" in key for key in stored(home)] == [False] * number + [True]


def test_status_tells_as_table_and_as_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(home, "once")
    capsys.readouterr()
    assert run(home, "status", "--json") == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["waiting"], status["sent"]) == (0, 1)
    assert status["last_taken_at"] == "2026-03-01T12:00:00+00:00"
    assert run(home, "status") == 0
    assert "last taken at    2026-03-01 12:00:00+00:00" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "setting", "code", "sentence"),
    [
        (("once",), ("CAMERA_URL", "folder:empty"), 1, "no picture: the folder .* gives no pictures"),
        (("once",), ("CAMERA_URL", "picamera:"), 2, "is no camera: use picamera2:, http:"),
        (("once",), ("STORE_URL", "ftp://x"), 2, "is no store: use file:FOLDER"),
        (("status",), ("INTERVAL_MINUTES", "7"), 2, "7 minutes do not divide a day"),
        (("once",), ("CAMERA_URL", "folder:~no-such-user/x"), 2, "there is no such user"),
        (("upload",), ("STORE_URL", "file:~no-such-user/x"), 2, "there is no such user"),
        (("status",), ("OUTBOX", "~no-such-user/x"), 2, "outbox = .*there is no such user"),
        (("once",), ("OUTBOX", "agent.toml"), 1, "does the folder belong to another user"),
    ],
)
def test_errors_are_a_sentence_and_a_code(
    *,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    setting: tuple[str, str],
    code: int,
    sentence: str,
) -> None:
    monkeypatch.setenv(f"SMARTMETER_AGENT_{setting[0]}", setting[1])
    assert run(home, *arguments) == code
    complaint = capsys.readouterr().err
    assert "Traceback" not in complaint
    assert len(complaint.splitlines()) == 1
    assert re.search(sentence, complaint)
    assert stored(home) == [] if (home / "store").exists() else True


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--help"], 0), (["once", "--help"], 0), (["shoot"], 2), ([], 2)]
)
def test_the_command_answers(arguments: list[str], code: int) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == code


def test_help_keeps_capitals(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    assert "Take a picture every slot and upload it, until SIGTERM." in capsys.readouterr().out


def test_run_takes_pictures_until_it_is_told_to_stop(home: Path) -> None:
    agent = subprocess.Popen(
        [sys.executable, "-m", "raspi_agent", "--home", str(home), "run"], stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + 20
        while not (home / "store").exists() or len(stored(home)) < 3:
            assert time.monotonic() < deadline, "they never came"
            time.sleep(0.05)
    finally:
        agent.send_signal(signal.SIGTERM)
    _, told = agent.communicate(timeout=20)
    assert agent.returncode == 0
    assert told.count("taken: images/home/20260301/") == 3
    assert len(stored(home)) == 3


def test_the_capture_path_is_the_standard_library_alone() -> None:
    program = (
        "import sys, raspi_agent.capture, raspi_agent.cameras, raspi_agent.upload, raspi_agent.folder_store,"
        " raspi_agent.__main__\n"
        "ours = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(*sorted(name for name in ours if not name.startswith('_')))"
    )
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, '.')\n{program}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert ended.stdout.split() == ["raspi_agent"]


@pytest.mark.parametrize(
    ("trouble", "code", "says"),
    [
        ("none", 0, "uploaded: 1, waiting: 0"),
        ("full", 1, "Dropbox is full: run `smartmeter backup`"),
        ("revoked", 1, "no longer accepts the link"),
        ("unlinked", 1, "run `link-dropbox`"),
        ("scope", 1, "lacks the permission files.content.write"),
        ("slow", 0, "alone for 77 s"),
    ],
)
def test_a_picture_waits_while_dropbox_will_not_have_it(  # noqa: PLR0917 - fixtures, not positions
    home: Path,
    dropbox_emulator: "DropboxEmulator",
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    trouble: str,
    code: int,
    says: str,
) -> None:
    monkeypatch.setenv("SMARTMETER_AGENT_STORE_URL", "dropbox:/")
    if trouble != "unlinked":
        dropbox_emulator.link(home, ("files.content.read" if trouble == "scope" else "files.content.write",))
    match trouble:
        case "full":
            dropbox_emulator.files.quota_bytes = 10
        case "revoked":
            dropbox_emulator.tokens.revoke_all()
        case "slow":
            headers = {"Retry-After": "77", "Content-Type": "text/plain"}
            dropbox_emulator.fail("files/upload", status=429, headers=headers)
    assert run(home, "once") == code
    assert says in capfd.readouterr().out + caplog.text
    waits = len(list((home / "outbox" / "new").iterdir()))
    assert (waits, len(dropbox_emulator.files.paths())) == ((0, 1) if trouble == "none" else (1, 0))
