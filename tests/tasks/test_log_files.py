import gzip
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from tasks.log_files import count_levels, is_log, keep_log

LINES = b"""2019-03-01 12:00:01 INFO  Upload started
2019-03-01 12:00:02 WARN  Dropbox answered late
2019-03-01 12:00:09 ERROR No network

just words
"""
COUNTS = {"info": 1, "warning": 1, "error": 1, "other": 1}


@pytest.mark.parametrize(
    ("data", "counts"),
    [
        (LINES, COUNTS),
        (gzip.compress(LINES, mtime=0), COUNTS),
        (gzip.compress(LINES, mtime=0)[:30], {"unreadable": 1}),
        (b"PK\x03\x04zip", {"unreadable": 1}),
        (b"", {}),
        (b"\xff\xfe odd bytes ERROR", {"error": 1}),
        (b"INFO one\rERROR two\r\nINFO three", {"info": 2, "error": 1}),
        (b"INFO " + b"and so on " * 10_000 + b"\nERROR", {"info": 1, "error": 1}),
        (gzip.compress(b"7zipped", mtime=0), {"unreadable": 1}),
        (gzip.compress(LINES, mtime=0) + b"more", {"unreadable": 1}),
    ],
)
def test_lines_are_counted_by_level(data: bytes, counts: dict[str, int]) -> None:
    assert count_levels(data) == counts


@pytest.mark.parametrize(
    ("name", "log"),
    [
        ("log/20190301.txt", True),
        ("logs/old/a.gz", True),
        ("smartmeter.log", True),
        ("smartmeter.log.3.gz", True),
        ("images/20190301_120000.png", False),
        ("catalogue.jpg", False),
    ],
)
def test_what_is_a_log(name: str, log: bool) -> None:
    assert is_log(Path("/old") / name, Path("/old")) is log


def test_logs_are_kept_whole_and_never_replace_one_another(tmp_path: Path) -> None:
    source, kept = tmp_path / "a.log", tmp_path / "kept"
    for text in (LINES, b"INFO again", LINES):
        source.write_bytes(text)
        keep_log(source, kept)
    assert Counter(path.read_bytes() for path in kept.iterdir()) == Counter([LINES, b"INFO again"])


@pytest.mark.parametrize(
    ("data", "counts"),
    [
        (LINES * 10_000, dict.fromkeys(COUNTS, 10_000)),
        (b"one line " * 400_000, {"other": 1}),
        (gzip.compress(LINES * 10_000, 1, mtime=0), dict.fromkeys(COUNTS, 10_000)),
    ],
)
def test_a_log_may_be_larger_than_the_memory(tmp_path: Path, data: bytes, counts: dict[str, int]) -> None:
    source, kept = tmp_path / "a.log", tmp_path / "kept"
    source.write_bytes(data)
    tracemalloc.start()
    try:
        assert keep_log(source, kept) == counts
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2_000_000
    assert (kept / "a.log").read_bytes() == data
