import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raspi_agent.capture_facts import CaptureFacts, read_facts
from raspi_agent.outbox import Outbox
from raspi_agent.picture_bytes import is_complete_jpeg
from raspi_agent.picture_key import parse_picture_key

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTS = CaptureFacts(camera="home", taken_at=NOON, clock_synchronised=True, slot_at=NOON)
UNSYNCED = CaptureFacts(camera="home", taken_at=NOON, boot_id="10fcee1b-2107", boot_ms=61250)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        (FACTS, "images/home/20260301/20260301_120000Z_000001.jpg"),
        (UNSYNCED, "images/home/unsynced/u10fcee1b_61250_000001.jpg"),
        (CaptureFacts(camera="home", clock_synchronised=True), "images/home/unsynced/u00000000_0_000001.jpg"),
    ],
)
def test_a_picture_waits_under_its_key_with_its_facts_inside(
    outbox: Outbox, jpeg: Callable[..., bytes], facts: CaptureFacts, key: str
) -> None:
    assert outbox.add(jpeg(b"scan"), facts) == key
    assert outbox.waiting() == (key,)
    inside = read_facts(outbox.read(key))
    assert inside is not None
    assert (inside.taken_at, inside.sequence) == (facts.taken_at, 1)
    assert outbox.newest() == (key, inside)


def test_bytes_that_are_no_picture_are_kept_as_they_are(outbox: Outbox, png: bytes) -> None:
    assert outbox.read(outbox.add(b"not a picture", FACTS)) == b"not a picture"
    assert outbox.add(png, FACTS).endswith("_000002.png")


def test_pictures_of_one_second_get_different_keys(outbox: Outbox, jpeg: Callable[..., bytes]) -> None:
    keys = [outbox.add(jpeg(b"same"), FACTS) for _ in range(3)]
    assert len(set(keys)) == 3
    assert outbox.waiting() == tuple(keys)


@settings(max_examples=25)
@given(jumps=st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=5))
def test_no_clock_jump_hides_a_picture_or_changes_their_order(
    tmp_path_factory: pytest.TempPathFactory, jumps: list[int]
) -> None:
    outbox = Outbox(tmp_path_factory.mktemp("jumps"))
    keys = []
    for number, seconds in enumerate(jumps):
        facts = CaptureFacts(
            camera="home",
            taken_at=NOON + timedelta(seconds=seconds),
            clock_synchronised=seconds % 3 > 0,
            boot_ms=abs(seconds),
        )
        keys.append(outbox.add(str(number).encode(), facts))
    assert outbox.waiting() == tuple(keys)
    assert [outbox.read(key) for key in keys] == [str(number).encode() for number in range(len(jumps))]


@pytest.mark.parametrize("content", [None, b"", b"garbage", b"\xff\n{}"])
def test_a_lost_counter_goes_on_behind_the_newest_picture(
    outbox: Outbox, jpeg: Callable[..., bytes], content: bytes | None
) -> None:
    outbox.mark_sent(outbox.add(jpeg(), FACTS))
    outbox.mark_sent(outbox.add(jpeg(), FACTS))
    counter = outbox.folder / "last"
    counter.unlink()
    if content is not None:
        counter.write_bytes(content)
    newest = outbox.newest()
    assert newest is not None
    assert newest[1].sequence == 2
    assert outbox.add(jpeg(), FACTS).endswith("_000003.jpg")


def test_a_restored_older_counter_hides_nothing(outbox: Outbox) -> None:
    first = outbox.add(b"first", FACTS)
    older = (outbox.folder / "last").read_bytes()
    second = outbox.add(b"second", FACTS)
    (outbox.folder / "last").write_bytes(older)
    third = outbox.add(b"third", FACTS)
    assert [outbox.read(key) for key in (first, second, third)] == [b"first", b"second", b"third"]


def test_a_picture_that_was_only_begun_is_not_the_newest(outbox: Outbox, jpeg: Callable[..., bytes]) -> None:
    assert outbox.newest() is None
    key = outbox.add(jpeg(), FACTS)
    begun = (outbox.folder / "last").read_bytes().replace(b"_000001", b"_000002")
    (outbox.folder / "last").write_bytes(begun.replace(b'"sequence": 1', b'"sequence": 2'))
    newest = outbox.newest()
    assert newest is not None
    assert newest[0] == key
    assert outbox.add(jpeg(), FACTS).endswith("_000003.jpg")


def test_only_one_photographs_at_a_time(outbox: Outbox) -> None:
    with (
        outbox.shutter(0),
        pytest.raises(TimeoutError, match="in the making"),
        Outbox(outbox.folder).shutter(0.1),
    ):
        pass
    with outbox.shutter(0):
        pass


def test_marking_sent_can_be_repeated(outbox: Outbox) -> None:
    key = outbox.add(b"picture", FACTS)
    for _ in range(2):
        outbox.mark_sent(key)
        assert outbox.waiting() == ()
    with pytest.raises(FileNotFoundError):
        outbox.read(key)


@pytest.mark.parametrize(
    ("already_sent", "left"), [(b"picture", {b"picture"}), (b"other", {b"picture", b"other"})]
)
def test_marking_sent_never_replaces(outbox: Outbox, already_sent: bytes, left: set[bytes]) -> None:
    key = outbox.add(b"picture", FACTS)
    (outbox.folder / "sent" / key.replace("/", "+")).write_bytes(already_sent)
    outbox.mark_sent(key)
    assert outbox.waiting() == ()
    assert {path.read_bytes() for path in (outbox.folder / "sent").iterdir()} == left


def test_a_sweep_clears_half_written_files_and_nothing_else(outbox: Outbox) -> None:
    key = outbox.add(b"picture", FACTS)
    (outbox.folder / "tmp" / "half").write_bytes(b"pict")
    (outbox.folder / "new" / "a note").write_bytes(b"by hand")
    assert outbox.sweep() == 1
    assert outbox.waiting() == (key,)
    assert outbox.status().foreign == 1


def test_the_status_counts_without_touching(outbox: Outbox, jpeg: Callable[..., bytes]) -> None:
    status = outbox.status()
    assert (status.waiting, status.sent, status.last_key, status.last_sent_at) == (0, 0, None, None)
    assert not outbox.folder.exists()
    before = datetime.now(UTC) - timedelta(seconds=2)
    outbox.mark_sent(outbox.add(jpeg(), FACTS))
    key = outbox.add(jpeg(), UNSYNCED)
    status = outbox.status()
    assert (status.waiting, status.sent, status.last_key, status.last_taken_at) == (1, 1, key, None)
    assert status.last_sent_at is not None
    assert status.last_sent_at > before


def test_a_full_disk_costs_only_the_new_picture(
    outbox: Outbox, with_no_space: Callable[[int, Callable[[], None]], None]
) -> None:
    first = outbox.add(b"x" * 2000, FACTS)

    def add_one() -> None:
        with pytest.raises(OSError, match="too large"):
            outbox.add(b"y" * 2000, FACTS)
        assert list((outbox.folder / "tmp").iterdir()) == []
        assert outbox.add(b"small", FACTS) in outbox.waiting()

    with_no_space(1000, add_one)
    assert outbox.waiting()[0] == first
    assert len(outbox.waiting()) == 2


def test_a_kill_at_any_call_loses_and_doubles_nothing(
    outbox: Outbox, jpeg: Callable[..., bytes], killed_before_call: Callable[..., tuple[list[str], bool]]
) -> None:
    promised = []
    n, killed = 1, True

    def add_two(promise: Callable[[str], None]) -> None:
        outbox.sweep()
        for number in range(2):
            promise(outbox.add(jpeg(b"%d of run %d" % (number, n)), FACTS))

    while killed:  # the first, the second, … call, until a run gets through
        keys, killed = killed_before_call(n, add_two)
        promised += keys
        n += 1
    assert n > 20
    assert set(promised) <= set(outbox.waiting())
    pictures = [outbox.read(key) for key in outbox.waiting()]
    assert all(is_complete_jpeg(picture) for picture in pictures)
    scans = Counter(picture[picture.index(b"\xff\xda") :] for picture in pictures)
    assert set(scans.values()) == {1}
    parsed = [parse_picture_key(key) for key in outbox.waiting()]
    assert len({picture.sequence for picture in parsed if picture}) == len(pictures)
    outbox.sweep()
    assert list((outbox.folder / "tmp").iterdir()) == []


def test_two_processes_adding_at_once_get_different_numbers(outbox: Outbox) -> None:
    children = [subprocess.Popen([sys.executable, "-c", ADD_MANY, str(outbox.folder)]) for _ in range(2)]
    assert [child.wait(timeout=60) for child in children] == [0, 0]
    parsed = [parse_picture_key(key) for key in outbox.waiting()]
    assert [picture.sequence for picture in parsed if picture] == [f"{n:06d}" for n in range(1, 41)]


ADD_MANY = """
import sys
from pathlib import Path
from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.outbox import Outbox
for _ in range(20):
    Outbox(Path(sys.argv[1])).add(b"picture", CaptureFacts(camera="home"))
"""
