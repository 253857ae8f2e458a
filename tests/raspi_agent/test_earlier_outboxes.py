import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.earlier_outboxes import left_waiting, note_outbox, remedy_for
from raspi_agent.outbox import Outbox


def fill(folder: Path, count: int, *, sent: int = 0) -> None:
    outbox = Outbox(folder)
    keys = [outbox.add(b"x", CaptureFacts(camera="cellar")) for _ in range(count)]
    for key in keys[:sent]:
        outbox.mark_sent(key)


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        (["outbox"], {}),
        (["outbox", "usb"], {"outbox": 2}),
        (["usb", "outbox"], {"usb": 1}),
        (["usb", "card", "outbox", "usb"], {"outbox": 2}),  # all of the card's were sent
        (["{home}/usb", "{home}/outbox"], {"usb": 1}),
        (["{home}/outbox"], {}),
        (["gone", "outbox"], {}),
        (["later"], {"outbox": 2}),  # an earlier version noted nothing
    ],
)
def test_pictures_left_in_an_earlier_outbox_are_told(
    tmp_path: Path, settings: list[str], left: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path / "outbox", 2)
    fill(tmp_path / "usb", 1)
    fill(tmp_path / "card", 3, sent=3)
    outboxes = [Path(each.format(home=tmp_path)) for each in settings]
    for each in outboxes:
        caplog.clear()
        note_outbox(tmp_path, each)
    assert left_waiting(tmp_path, outboxes[-1]) == {tmp_path / name: count for name, count in left.items()}
    assert caplog.text.count("an earlier outbox") == len(left)
    assert all(
        f"{count} unsent pictures wait in {tmp_path / name}," in caplog.text for name, count in left.items()
    )


@pytest.mark.parametrize("note", [b"", b"[1", b"7", b'{"a": 1}'])
def test_a_broken_note_is_written_anew(tmp_path: Path, note: bytes) -> None:
    fill(tmp_path / "usb", 1)
    (tmp_path / "outboxes").write_bytes(note)
    note_outbox(tmp_path, Path("usb"))
    assert left_waiting(tmp_path, Path("outbox")) == {tmp_path / "usb": 1}


def test_the_remedy_sends_them(tmp_path: Path) -> None:
    fill(tmp_path / "the old one", 2)
    (tmp_path / "agent.toml").write_text('camera = "cellar"\ncamera_url = "folder:x"\n')
    note_outbox(tmp_path, Path("the old one"))
    note_outbox(tmp_path, Path("outbox"))
    (folder,) = left_waiting(tmp_path, Path("outbox"))
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "smartmeter-agent"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m raspi_agent --home {tmp_path} "$@"\n')
    command.chmod(0o700)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["sh", "-c", remedy_for(folder).removesuffix(" sends them")],
        env={**os.environ, "PATH": path},
        check=True,
    )
    assert left_waiting(tmp_path, Path("outbox")) == {}
    assert len(list((tmp_path / "store").rglob("*.jpg"))) == 2


def test_a_disk_that_is_full_or_gone_is_no_trouble(tmp_path: Path) -> None:
    home = tmp_path / "home"
    note_outbox(home, Path("outbox"))
    home.mkdir()
    note_outbox(home, tmp_path / "usb")
    fill(tmp_path / "usb", 1)
    shutil.rmtree(tmp_path / "usb")
    (tmp_path / "usb").write_text("a file")
    note_outbox(home, Path("outbox"))
    assert left_waiting(home, Path("outbox")) == {}
