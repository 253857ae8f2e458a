import gzip
import json
import logging
import os
import time
import zlib
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raspi_agent.content_hash import content_hash
from raspi_agent.health import health_key
from raspi_agent.log_segments import LogSegments
from raspi_agent.mail import waiting_keys
from raspi_agent.picture_key import twin_key
from raspi_agent.store import Revision
from tasks.agent_files import NoAgentFile, is_agents, is_kept, keep_agent_file, provably_kept, wanted

REPORT_KEY = "health/cellar/20260301/20260301_120000Z.json"
LOG_KEY = "log/cellar/smartmeter-agent_20260301.log.gz"
REPORT = json.dumps({"camera": "cellar", "at": "2026-03-01T12:00:00Z"}).encode()
LOG = gzip.compress(
    b"2026-03-01T12:00:00.000Z INFO x: taken\n2026-03-01T12:00:01.000Z WARNING x: hot\n", mtime=0
)


def revision(key: str, data: bytes) -> Revision:
    return Revision(key, "1", len(data), content_hash(data))


def files(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("key", "of_agents"),
    [
        (REPORT_KEY, True),
        (LOG_KEY, True),
        ("health/../../x", True),
        ("health", False),
        ("healthy/x", False),
        ("images/cellar/20260301/20260301_120000Z_000001.jpg", False),
        ("images/log/x.jpg", False),
    ],
)
def test_agents_have_folders_of_their_own(key: str, of_agents: bool) -> None:
    assert is_agents(key) is of_agents


@pytest.mark.parametrize(
    "key",
    [
        REPORT_KEY,
        LOG_KEY,
        twin_key(REPORT_KEY, "0123abcd" * 8),
        twin_key(LOG_KEY, "0123abcd" * 8),
        LOG_KEY.replace(".log", "_2.log"),
    ],
)
def test_the_names_that_agents_give_are_wanted(tmp_path: Path, key: str) -> None:
    assert [each.key for each in wanted(tmp_path, [revision(key, b"x")])] == [key]


@pytest.mark.parametrize(
    "key",
    [
        "health/../../x",
        "health/cellar/../../../x.json",
        "log/cellar/../smartmeter-agent_20260301.log.gz",
        "health/Cellar/20260301/20260301_120000Z.json",
        "health/cellar/20260301/20260302_120000Z.json",
        "health/cellar/20260301/20260301_120000Z.json\n",
        "health/cellar/20260301/.20260301_120000Z.json",
        "log/cellar/x.log.gz",
        "log/smartmeter-agent_20260301.log.gz",
        "log//smartmeter-agent_20260301.log.gz",
    ],
)
def test_other_names_are_passed_over_and_never_written(tmp_path: Path, key: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    assert wanted(home, [revision(key, REPORT)]) == ()
    for data in (REPORT, LOG):
        with pytest.raises(NoAgentFile):
            keep_agent_file(home, key, data)
    assert not provably_kept(home, revision(key, REPORT), timedelta())
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(("key", "size"), [(LOG_KEY, 30_000_000), (REPORT_KEY, 100_000)])
def test_giants_are_not_even_fetched(tmp_path: Path, key: str, size: int) -> None:
    assert wanted(tmp_path, [Revision(key, "1", size, "0" * 64)]) == ()


@pytest.mark.parametrize(
    ("key", "data"),
    [
        (REPORT_KEY, b"{"),
        (REPORT_KEY, b"[1]"),
        (REPORT_KEY, b""),
        (REPORT_KEY, b"\xff\xfe"),
        (REPORT_KEY, b"[" * 60_000),
        (REPORT_KEY, json.dumps({"camera": "attic"}).encode()),
        (LOG_KEY, b"plain text"),
        (LOG_KEY, b""),
        (LOG_KEY, LOG[:-9]),
        (LOG_KEY, zlib.compress(b"no gzip")),
        (LOG_KEY, gzip.compress(bytes(80_000_000), compresslevel=1, mtime=0)),
    ],
)
def test_what_is_no_report_and_no_log_is_not_kept(tmp_path: Path, key: str, data: bytes) -> None:
    with pytest.raises(NoAgentFile):
        keep_agent_file(tmp_path, key, data)
    assert files(tmp_path) == {}


def test_what_arrives_is_kept_as_it_came_and_counted(tmp_path: Path) -> None:
    assert keep_agent_file(tmp_path, REPORT_KEY, REPORT) == {}
    assert keep_agent_file(tmp_path, LOG_KEY, LOG) == {"info": 1, "warning": 1}
    assert files(tmp_path) == {REPORT_KEY: REPORT, LOG_KEY: LOG}
    assert wanted(tmp_path, [revision(REPORT_KEY, REPORT), revision(LOG_KEY, LOG)]) == ()


def test_nothing_is_replaced(tmp_path: Path) -> None:
    other = REPORT + b" "
    for data in (REPORT, other, REPORT, other):
        keep_agent_file(tmp_path, REPORT_KEY, data)
    twin = twin_key(REPORT_KEY, content_hash(other))
    assert files(tmp_path) == {REPORT_KEY: REPORT, twin: other}
    assert is_kept(tmp_path, revision(REPORT_KEY, other))


def test_only_what_is_proved_after_a_while_may_leave_the_store(tmp_path: Path) -> None:
    day = timedelta(days=1)
    kept = revision(LOG_KEY, LOG)
    assert not provably_kept(tmp_path, kept, timedelta())
    keep_agent_file(tmp_path, LOG_KEY, LOG)
    assert provably_kept(tmp_path, kept, timedelta())
    assert not provably_kept(tmp_path, kept, day)
    os.utime(tmp_path / LOG_KEY, (time.time() - 90_000,) * 2)
    assert provably_kept(tmp_path, kept, day)
    (tmp_path / LOG_KEY).write_bytes(LOG[:-1] + b"x")
    assert not provably_kept(tmp_path, kept, timedelta())


@given(st.datetimes(timezones=st.timezones()))
def test_every_name_of_a_report_is_wanted(at: datetime) -> None:
    key = health_key("cellar", at)
    assert wanted(Path("/nowhere"), [revision(key, REPORT)])


def test_every_name_of_a_log_is_wanted(tmp_path: Path) -> None:

    segments = LogSegments(tmp_path / "logs", "cellar", tmp_path / "outbox")
    for _ in range(2):
        segments.handle(logging.LogRecord("x", logging.INFO, "", 1, "hello", (), None))
        segments.close_segment()
    keys = waiting_keys(tmp_path / "outbox")
    assert len(keys) == 2
    assert len(wanted(tmp_path, [revision(key, b"x") for key in keys])) == 2
