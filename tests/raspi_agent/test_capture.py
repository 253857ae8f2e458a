import io
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from raspi_agent.cameras.camera import Camera, CameraError, CameraStuck, Shot
from raspi_agent.cameras.folder import FolderCamera
from raspi_agent.capture import Equipment, capture_slot
from raspi_agent.capture_facts import read_facts
from raspi_agent.clock import ClockReading, read_clock
from raspi_agent.outbox import Outbox
from raspi_agent.slots import Schedule

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLOCK = ClockReading(now_at=NOON, synchronised=False, boot_id="10fcee1b-2107", boot_ms=5)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def camera(tmp_path: Path) -> FolderCamera:
    (tmp_path / "pictures").mkdir()
    return FolderCamera(tmp_path / "pictures", tmp_path / "seen")


def take(outbox: Outbox, camera: Camera, slot_at: datetime | None = NOON) -> str | None:
    equipment = Equipment("home", camera, timeout_s=1)
    taken = capture_slot(outbox, equipment, Schedule(1), slot_at, lambda: CLOCK)
    return taken.key if taken else None


def put(camera: FolderCamera, name: str, data: bytes) -> None:
    (camera.folder / name).write_bytes(data)
    os.utime(camera.folder / name, (NOON.timestamp(),) * 2)


def test_a_slot_gets_one_picture_with_its_facts(
    outbox: Outbox, camera: FolderCamera, jpeg: Callable[..., bytes]
) -> None:
    put(camera, "a.jpg", jpeg(b"a"))
    put(camera, "b.jpg", jpeg(b"b"))
    key = take(outbox, camera)
    assert key is not None
    assert key == "images/home/20260301/20260301_120000Z_000001.jpg"
    assert take(outbox, camera) is None
    facts = read_facts(outbox.read(key))
    assert facts is not None
    assert (facts.slot_at, facts.boot_id, facts.sequence) == (NOON, "10fcee1b-2107", 1)
    assert facts.details["source"].startswith("a.jpg/")


def test_a_slot_without_a_picture_is_given_back(
    outbox: Outbox, camera: FolderCamera, jpeg: Callable[..., bytes]
) -> None:
    with pytest.raises(CameraError, match="no new picture"):
        take(outbox, camera)
    put(camera, "a.jpg", jpeg())
    assert take(outbox, camera) is not None


def test_a_full_disk_gives_the_slot_and_the_picture_back(
    outbox: Outbox,
    camera: FolderCamera,
    jpeg: Callable[..., bytes],
    with_no_space: Callable[[int, Callable[[], None]], None],
) -> None:
    put(camera, "a.jpg", jpeg(b"x" * 5000))

    def take_one() -> None:
        with pytest.raises(OSError, match="too large"):
            take(outbox, camera)

    with_no_space(450, take_one)
    assert outbox.waiting() == ()
    assert take(outbox, camera) is not None


def test_a_kill_at_any_call_gives_every_picture_of_the_folder_once(
    outbox: Outbox,
    camera: FolderCamera,
    jpeg: Callable[..., bytes],
    killed_before_call: Callable[..., tuple[list[str], bool]],
) -> None:
    for number in range(80):
        put(camera, f"{number:03}.jpg", jpeg(b"scan %03d" % number))
    promised = []
    n, killed = 1, True

    def capture_two(promise: Callable[[str], None]) -> None:
        outbox.sweep()
        for minute in range(2):
            promise(str(take(outbox, camera, NOON + timedelta(days=n, minutes=minute))))

    while killed:
        keys, killed = killed_before_call(n, capture_two)
        promised += keys
        n += 1
    assert n > 30
    assert set(promised) <= set(outbox.waiting())
    numbers = [int(outbox.read(key)[-5:-2]) for key in outbox.waiting()]
    assert numbers == list(range(len(numbers)))


class LiveCamera:
    """A camera that gives what is laid before it, one after the other."""

    is_live = True

    def __init__(self, *gives: bytes | CameraError) -> None:
        self.gives = list(gives)

    def capture(self, timeout_s: float) -> Shot:  # noqa: ARG002 - the protocol's
        given = self.gives.pop(0)
        if isinstance(given, CameraError):
            raise given
        return Shot(given)

    def keep(self, details: Mapping[str, Any]) -> None:
        pass

    def close(self) -> None:
        pass


def photo(lightness: int, size: int = 64) -> bytes:
    """A grey picture with noise on it, as sensors make it."""
    image = Image.effect_noise((size, size), 8).point(lambda level: max(0, level - 128 + lightness))
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=95)
    return file.getvalue()


GOOD, DARK, BRIGHT = photo(120), photo(4), photo(252)
HANGS, STUCK = CameraError("it hangs"), CameraStuck("in the kernel")


@pytest.mark.parametrize(
    ("gives", "attempts", "quality"),
    [
        ((GOOD,), 1, None),
        ((DARK, GOOD), 2, None),
        ((DARK, DARK), 2, "dark"),
        ((HANGS, GOOD), 2, None),
        ((GOOD[:-2], GOOD), 2, None),
        ((b"<html>", DARK), 2, "dark"),
        ((DARK, HANGS), 2, "dark"),
        ((DARK, b"<html>"), 2, "dark"),
        ((BRIGHT, STUCK), 2, "bright"),
    ],
)
def test_a_second_attempt_mends_what_the_first_gave(
    outbox: Outbox, gives: tuple[bytes | CameraError, ...], attempts: int, quality: str | None
) -> None:
    key = take(outbox, LiveCamera(*gives))
    assert key is not None
    facts = read_facts(outbox.read(key))
    assert facts is not None
    assert (facts.details["attempts"], facts.details.get("quality")) == (attempts, quality)


@pytest.mark.parametrize(
    ("gives", "error"),
    [
        ((HANGS, HANGS), "it hangs"),
        ((GOOD, HANGS), None),
        ((b"<html>", b"<html>"), "no whole picture .not_a_picture"),
        ((GOOD[:-2], GOOD[:-9]), "no whole picture .truncated"),
        ((STUCK, GOOD), "in the kernel"),
    ],
)
def test_two_attempts_are_all(
    outbox: Outbox, gives: tuple[bytes | CameraError, ...], error: str | None
) -> None:
    if error is None:
        assert take(outbox, LiveCamera(*gives))
        return
    with pytest.raises(CameraError, match=error):
        take(outbox, LiveCamera(*gives))
    assert outbox.waiting() == ()


def test_a_picture_besides_the_slots_fills_none(outbox: Outbox) -> None:
    assert take(outbox, LiveCamera(GOOD), None)
    assert take(outbox, LiveCamera(GOOD))
    assert take(outbox, LiveCamera()) is None
    assert len(outbox.waiting()) == 2


TAKE_ALL = """
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from test_capture import CLOCK, GOOD, NOON, LiveCamera, Outbox
from raspi_agent.capture import Equipment, capture_slot
from raspi_agent.slots import Schedule
outbox = Outbox(Path(sys.argv[1]))
sys.stdin.readline()
for minute in range(40):
    now_at = NOON + timedelta(minutes=minute)
    clock = replace(CLOCK, now_at=now_at, boot_ms=minute * 60_000)
    equipment = Equipment("home", LiveCamera(GOOD), timeout_s=30)
    taken = capture_slot(outbox, equipment, Schedule(1), now_at, lambda: clock)
    print(minute, taken is not None, flush=True)
"""


def test_of_two_who_ask_for_a_slot_one_gets_it(outbox: Outbox) -> None:
    folder = Path(__file__).parent
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKE_ALL, str(outbox.folder)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(folder.parents[1])))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        assert racer.communicate(timeout=60)
    slots = Counter(facts.slot_at for key in outbox.waiting() if (facts := read_facts(outbox.read(key))))
    assert set(slots.values()) == {1}
    assert len(slots) == 40


def test_a_trusted_clock_is_synchronised() -> None:
    first, second = read_clock(trusted=True), read_clock(trusted=True)
    assert first.synchronised
    assert first.boot_id == second.boot_id
    assert first.boot_ms <= second.boot_ms
    assert abs(first.now_at - datetime.now(UTC)) < timedelta(seconds=10)
