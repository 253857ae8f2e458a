import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raspi_agent.cameras import CameraError, FolderCamera
from raspi_agent.capture import capture_slot
from raspi_agent.capture_facts import read_facts
from raspi_agent.clock import ClockReading, read_clock, slot_of
from raspi_agent.outbox import Outbox

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLOCK = ClockReading(now_at=NOON, synchronised=False, boot_id="10fcee1b-2107", boot_ms=5)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def camera(tmp_path: Path) -> FolderCamera:
    (tmp_path / "pictures").mkdir()
    return FolderCamera(tmp_path / "pictures", tmp_path / "seen")


def take(outbox: Outbox, camera: FolderCamera, slot_at: datetime = NOON) -> str | None:
    return capture_slot(outbox, camera, name="home", slot_at=slot_at, look_at_clock=lambda: CLOCK)


def put(camera: FolderCamera, name: str, data: bytes) -> None:
    (camera.folder / name).write_bytes(data)
    os.utime(camera.folder / name, (NOON.timestamp(),) * 2)


def test_a_slot_gets_one_picture_with_its_facts(
    outbox: Outbox, camera: FolderCamera, jpeg: Callable[..., bytes]
) -> None:
    put(camera, "a.jpg", jpeg(b"a"))
    put(camera, "b.jpg", jpeg(b"b"))
    key = take(outbox, camera)
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
    put(camera, "a.jpg", jpeg(b"x" * 500))

    def take_one() -> None:
        with pytest.raises(OSError, match="too large"):
            take(outbox, camera)

    with_no_space(300, take_one)
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


@pytest.mark.parametrize(
    ("now", "minutes", "slot"),
    [
        ((12, 0, 0), 15, (12, 0)),
        ((12, 14, 59), 15, (12, 0)),
        ((12, 15, 0), 15, (12, 15)),
        ((23, 59, 59), 1, (23, 59)),
        ((23, 59, 59), 1440, (0, 0)),
    ],
)
def test_slots_are_aligned_to_the_clock(
    now: tuple[int, int, int], minutes: int, slot: tuple[int, int]
) -> None:
    at = datetime(2026, 3, 1, *now, tzinfo=UTC)
    assert slot_of(at, minutes) == datetime(2026, 3, 1, *slot, tzinfo=UTC)


def test_a_trusted_clock_is_synchronised() -> None:
    first, second = read_clock(trusted=True), read_clock(trusted=True)
    assert first.synchronised
    assert first.boot_id == second.boot_id
    assert first.boot_ms <= second.boot_ms
    assert abs(first.now_at - datetime.now(UTC)) < timedelta(seconds=10)
