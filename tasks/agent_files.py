"""What camera agents send besides pictures: reports of their health, and logs. Kept in the home folder."""

import json
import logging
import re
import time
import uuid
import zlib
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from raspi_agent.content_hash import content_hash, content_hash_of_file
from raspi_agent.durable import make_folder, move_without_replacing, sync_file, write_new
from raspi_agent.picture_key import twin_key
from raspi_agent.store import Revision
from tasks.custody import read_from_disk
from tasks.log_files import count_levels

log = logging.getLogger(__name__)

FOLDERS = ("health", "log")  # of the store, and of the home folder
LARGEST_REPORT_BYTES = 64_000
LARGEST_LOG_BYTES = 16_000_000
LARGEST_UNPACKED_BYTES = 64_000_000

_CAMERA = r"[a-z0-9][a-z0-9_-]{0,40}"
_TWIN = r"(~[0-9a-f]{8})?"
_REPORT = re.compile(rf"health/{_CAMERA}/(?P<day>[0-9]{{8}})/(?P=day)_[0-9]{{6}}Z{_TWIN}\.json")
_LOG = re.compile(rf"log/{_CAMERA}/smartmeter-agent_[0-9]{{8}}(_[0-9]{{1,6}})?\.log{_TWIN}\.gz")
_GZIP = 31  # of zlib's window sizes, the one that means a gzip file
_DRAFTS = ".drafts"


class NoAgentFile(ValueError):  # noqa: N818 - what the bytes are, named as that
    """The bytes are no report and no log; the message says why."""


def is_agents(key: str) -> bool:
    """Whether a key lies where agents put what is no picture."""
    return key.partition("/")[0] in FOLDERS and "/" in key


def wanted(home: Path, revisions: Iterable[Revision]) -> tuple[Revision, ...]:
    """Those of the agents' files that are to be fetched: well named, of a size that can be, not here yet."""
    return tuple(each for each in revisions if _is_acceptable(each) and not is_kept(home, each))


def is_kept(home: Path, revision: Revision) -> bool:
    """Whether the home folder has these very bytes, under their name or the twin's."""
    return any(_has(path, revision) for path in _places(home, revision.key, revision.content_hash))


def keep_agent_file(home: Path, key: str, data: bytes) -> Counter[str]:
    """Keep a report or log durably, never replacing another.

    Args:
        home: the home folder.
        key: in the store, of a name that `wanted` lets pass.
        data: the bytes.

    Returns:
        Of a log, how many lines are of which level; nothing of a report.

    Raises:
        NoAgentFile: it is neither; nothing is kept.
        OSError: the disk is full or refuses.
    """
    levels = _check(key, data)
    for place in _places(home, key, content_hash(data)):
        if _publish(home, place, data):
            return levels
    message = f"{key} is not kept: its name and its twin's are taken by other bytes"
    raise NoAgentFile(message)


def provably_kept(home: Path, revision: Revision, grace: timedelta) -> bool:
    """Whether the home folder has had these very bytes for longer than `grace`, read back from the disk."""
    if not _is_named(revision.key):
        return False
    for path in _places(home, revision.key, revision.content_hash):
        data = read_from_disk(path)
        if data is not None and content_hash(data) == revision.content_hash:
            return time.time() - path.stat().st_mtime >= grace.total_seconds()
    return False


def drafts_of(home: Path) -> list[Path]:
    """The folders in which kills may have left drafts, see `tasks.archive.sweep_drafts`."""
    return [home / each for each in FOLDERS]


def _is_named(key: str) -> bool:
    return bool(_REPORT.fullmatch(key) or _LOG.fullmatch(key))


def _is_acceptable(revision: Revision) -> bool:
    if not _is_named(revision.key):
        log.warning("%r is no report or log of an agent; it stays where it is", revision.key)
        return False
    if revision.size > (LARGEST_REPORT_BYTES if _REPORT.fullmatch(revision.key) else LARGEST_LOG_BYTES):
        log.warning("%s has %d kB: too many; it stays where it is", revision.key, revision.size // 1000)
        return False
    return True


def _check(key: str, data: bytes) -> Counter[str]:
    if _REPORT.fullmatch(key):
        _check_report(key, data)
        return Counter()
    if not _LOG.fullmatch(key):
        message = f"{key!r} is no name of a report or log"
        raise NoAgentFile(message)
    return count_levels(_unpacked(key, data))


def _check_report(key: str, data: bytes) -> None:
    try:
        report = json.loads(data)
    except (ValueError, RecursionError):
        report = None
    if not isinstance(report, dict) or report.get("camera") != key.split("/")[1]:
        message = f"{key} is no report of that camera's health"
        raise NoAgentFile(message)


def _unpacked(key: str, data: bytes) -> bytes:
    """The text of a gzipped log; what would not fit the memory is refused before it is unpacked."""
    unpacking = zlib.decompressobj(_GZIP)
    try:
        text = unpacking.decompress(data, LARGEST_UNPACKED_BYTES)
    except zlib.error:
        text = b""
    if not unpacking.eof:
        message = f"{key} is no gzipped log, or one that is cut or too long"
        raise NoAgentFile(message)
    return text


def _places(home: Path, key: str, digest: str) -> tuple[Path, Path]:
    return home / key, home / twin_key(key, digest)


def _has(path: Path, revision: Revision) -> bool:
    try:
        return content_hash_of_file(path) == revision.content_hash
    except OSError:
        return False


def _publish(home: Path, target: Path, data: bytes) -> bool:
    """Give the bytes a name once they are on the disk; False when other bytes have it."""
    if target.exists():
        if target.read_bytes() != data:
            return False
        sync_file(target)  # whoever wrote it may have been killed before
        return True
    drafts = home / target.relative_to(home).parts[0] / _DRAFTS
    make_folder(drafts)
    make_folder(target.parent)
    draft = drafts / uuid.uuid4().hex
    write_new(draft, data)
    try:
        return move_without_replacing(draft, target) or target.read_bytes() == data
    finally:
        draft.unlink(missing_ok=True)
