import gzip
import io
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raspi_agent.log_segments import InstantFormatter, LogSegments, set_up_logging
from raspi_agent.mail import waiting_keys

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Log:
    """A log on a clock of its own: each start is another process's."""

    def __init__(self, folder: Path, largest_bytes: int = 10**6) -> None:
        self.logs, self.outbox, self.largest_bytes = folder / "logs", folder / "outbox", largest_bytes
        self.start()

    def start(self) -> None:
        self.segments = LogSegments(self.logs, "cellar", self.outbox, largest_bytes=self.largest_bytes)
        self.segments.setFormatter(InstantFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    def say(self, message: str, at: datetime = NOON) -> None:
        record = logging.LogRecord("agent", logging.INFO, __file__, 1, message, (), None)
        record.created = at.timestamp()
        self.segments.handle(record)

    def packed(self) -> dict[str, str]:
        return {
            path.name: gzip.decompress(path.read_bytes()).decode()
            for path in sorted(self.logs.glob("*.log.gz"))
        }

    def everything(self) -> str:
        current = self.logs / "agent.log"
        return "".join(self.packed().values()) + (current.read_text() if current.exists() else "")

    def mailed(self) -> dict[str, bytes]:
        return {
            key: (self.outbox / "mail" / key.replace("/", "+")).read_bytes()
            for key in waiting_keys(self.outbox)
        }


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_lines_bear_their_instant_in_utc(log: Log) -> None:
    log.say("hello", NOON + timedelta(milliseconds=7))
    assert (log.logs / "agent.log").read_text() == "2026-03-01T12:00:00.007Z INFO agent: hello\n"


def test_a_day_that_is_over_is_gzipped_and_mailed_once(log: Log) -> None:
    log.say("first day")
    log.say("second day", NOON + DAY)
    log.say("still", NOON + DAY)
    name = "smartmeter-agent_20260301.log.gz"
    assert list(log.packed()) == [name]
    assert "first day" in log.packed()[name]
    assert log.mailed() == {f"log/cellar/{name}": (log.logs / name).read_bytes()}
    assert "second day" in (log.logs / "agent.log").read_text()
    assert sorted(path.name for path in log.logs.iterdir()) == ["agent.log", name]


def test_a_second_segment_of_a_day_gets_a_number(log: Log) -> None:
    for text in ("one", "two", "three"):
        log.say(text)
        log.segments.close_segment()
    day = "smartmeter-agent_20260301"
    assert [(name, text[-6:-1]) for name, text in log.packed().items()] == [
        (f"{day}.log.gz", ": one"),
        (f"{day}_2.log.gz", ": two"),
        (f"{day}_3.log.gz", "three"),
    ]
    assert len(log.mailed()) == 3
    log.segments.close_segment()
    assert len(log.packed()) == 3


def test_a_start_closes_what_an_earlier_day_left_and_goes_on_in_todays(log: Log, tmp_path: Path) -> None:
    log.say("long ago")
    log.segments.close()
    log.start()
    assert list(log.packed()) == ["smartmeter-agent_20260301.log.gz"]
    log.say("now", datetime.now(UTC))
    log.segments.close()
    with (log.logs / "agent.log").open("a") as torn:
        torn.write("2026-")
    log.start()
    log.say("on", datetime.now(UTC))
    lines = (log.logs / "agent.log").read_text().splitlines()
    assert [line[-3:] for line in lines] == ["now", "26-", " on"]
    assert len(log.mailed()) == 1


def test_a_log_without_instants_is_of_the_day_it_was_changed(log: Log) -> None:
    (log.logs / "agent.log").write_bytes(b"\0" * 100)
    os.utime(log.logs / "agent.log", (NOON.timestamp(), NOON.timestamp()))
    log.start()
    assert list(log.packed()) == ["smartmeter-agent_20260301.log.gz"]


def test_seven_days_are_kept_by_their_own_count(log: Log) -> None:
    for number in range(12):
        log.say(f"day {number}", NOON + number * DAY)
    log.say("the clock was wrong", NOON - 9000 * DAY)
    days = [name[17:25] for name in log.packed()]
    assert days == [f"202603{number:02d}" for number in range(6, 13)]
    assert len(log.mailed()) == 12


def test_a_day_gone_mad_is_cut_and_its_parts_are_not_kept_for_ever(tmp_path: Path) -> None:
    log = Log(tmp_path, largest_bytes=1000)
    for number in range(250):
        log.say(f"{number:06d}" + "x" * 200)
    assert 20 < len(log.packed()) <= 40
    assert sum(path.stat().st_size for path in log.logs.iterdir()) < 100_000


@pytest.mark.parametrize("when", [NOON, NOON + DAY])
def test_a_full_disk_ends_nobody(
    log: Log, with_no_space: Callable[[int, Callable[[], None]], None], when: datetime
) -> None:
    for _ in range(100):
        log.say("x" * 100)

    def write_too_much() -> None:
        for number in range(50):
            log.say(f"{number} of a full disk", when)

    with_no_space(2000, write_too_much)
    log.segments.close()
    log.start()
    log.say("room again", NOON + 2 * DAY)
    assert log.everything().count("x" * 100) == 100
    assert "room again" in log.everything()


def test_threads_share_a_log(log: Log) -> None:
    def talk(name: str) -> None:
        for number in range(20):
            log.say(f"{name}-{number}", NOON + (number % 3) * DAY)

    threads = [threading.Thread(target=talk, args=[name]) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = re.findall(r"agent: (.*)", log.everything())
    assert sorted(found) == sorted(f"{name}-{n}" for name in "ab" for n in range(20))


@settings(max_examples=8, deadline=None)
@given(kills=st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_a_line_survives_every_kill_and_is_mailed_once(
    tmp_path_factory: pytest.TempPathFactory,
    killed_before_call: Callable[[int, Callable[[Callable[[str], None]], None]], tuple[list[str], bool]],
    kills: list[int],
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    promised: list[str] = []
    for number, kill in enumerate(kills):

        def live(promise: Callable[[str], None], number: int = number) -> None:
            log = Log(folder)
            for step in range(3):
                log.say(f"<{number}-{step}>", NOON + (number + step) * DAY)
                promise(f"<{number}-{step}>")
            log.segments.close_segment()

        promised += killed_before_call(kill, live)[0]
    log = Log(folder)
    log.segments.close_segment()
    assert not (log.logs / "agent.log").exists()
    text = log.everything()
    assert [line for line in promised if text.count(line) != 1] == []
    assert log.mailed() == {f"log/cellar/{path.name}": path.read_bytes() for path in log.logs.glob("*.gz")}
    assert sorted(path.suffix for path in log.logs.iterdir()) == [".gz"] * len(log.packed())


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield root
    for handler in [each for each in root.handlers if each not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def test_logging_goes_into_the_segments_and_to_stderr(
    tmp_path: Path, root_logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "camera-password").write_text("swordfish\n")
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stderr", errors)
    count = len(root_logger.handlers)
    for _ in range(2):
        segments = set_up_logging(tmp_path, "cellar", tmp_path / "outbox")
    assert len(root_logger.handlers) == count + 2
    logging.getLogger("raspi_agent.x").info("the password is %s", "swordfish")
    logging.getLogger("raspi_agent.x").debug("unheard")
    assert errors.getvalue() == "INFO raspi_agent.x: the password is ***\n"
    assert (
        (tmp_path / "logs" / "agent.log").read_text().endswith("Z INFO raspi_agent.x: the password is ***\n")
    )
    segments.close_segment()
    assert len(waiting_keys(tmp_path / "outbox")) == 1
