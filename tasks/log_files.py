"""Log files that come with a folder of pictures: kept whole, counted by level."""

import filecmp
import gzip
import hashlib
import io
import re
import shutil
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from raspi_agent.durable import make_folder, move_without_replacing, sync_file
from raspi_agent.picture_key import twin_key

_LOG_NAME = re.compile(r"\.log(\.\d+)?(\.gz)?$", re.IGNORECASE)
_LOG_FOLDERS = {"log", "logs"}
_LEVEL = re.compile(r"\b(DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b", re.IGNORECASE)
_PACKED = (b"PK", b"BZh", b"7z", b"\xfd7zXZ")
LONGEST_LINE = 10_000
_SAME_LEVEL = {"warn": "warning", "fatal": "critical", "notice": "info"}


def is_log(path: Path, root: Path) -> bool:
    """Whether a file is a log by its name, or by lying in a folder `log` or `logs` of the imported one."""
    folders = {part.lower() for part in path.relative_to(root).parts[:-1]}
    return bool(_LOG_NAME.search(path.name) or folders & _LOG_FOLDERS)


def keep_log(path: Path, folder: Path) -> Counter[str]:
    """Keep a log file in the archive, never replacing another, and count its lines by level.

    It may be larger than the memory.

    Raises:
        OSError: The disk is full or refuses.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    make_folder(folder)
    for name in (path.name, twin_key(path.name, digest)):
        target = folder / name
        if (not target.exists() and _published(path, target)) or filecmp.cmp(path, target, shallow=False):
            break
    with path.open("rb") as file:
        return _count(file)


def count_levels(data: bytes) -> Counter[str]:
    """How many lines of a log, gzipped or not, are of which level; `other` where a line names none."""
    return _count(io.BytesIO(data))


def _published(path: Path, target: Path) -> bool:
    """Copy a file to the disk and then give it the name; False when somebody was quicker."""
    draft = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(path, draft)
        sync_file(draft)
        return move_without_replacing(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _count(file: BinaryIO) -> Counter[str]:
    counts: Counter[str] = Counter()
    try:
        for line in _beginnings(file):
            if line.strip():
                found = _LEVEL.search(line)
                level = found[1].lower() if found else "other"
                counts[_SAME_LEVEL.get(level, level)] += 1
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return Counter({"unreadable": 1})
    return counts


def _beginnings(file: BinaryIO) -> Iterator[str]:
    """Each line as far as it may name a level: one without an end must not fill the memory.

    Raises:
        EOFError: It is packed in a way that is not read, or its end is missing.
        gzip.BadGzipFile: It is damaged.
        zlib.error: Likewise.
    """
    is_gzipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    content = gzip.GzipFile(fileobj=file) if is_gzipped else file
    if content.read(8).startswith(_PACKED):
        raise EOFError
    content.seek(0)
    text = io.TextIOWrapper(content, encoding="utf-8", errors="replace")
    is_begin = True
    while part := text.readline(LONGEST_LINE):
        if is_begin:
            yield part
        is_begin = part.endswith("\n")
