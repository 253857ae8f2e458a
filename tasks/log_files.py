"""Log files that come with a folder of pictures: kept whole, counted by level."""

import gzip
import hashlib
import re
import zlib
from collections import Counter
from pathlib import Path

from raspi_agent.durable import make_folder, move_without_replacing, write_new
from raspi_agent.picture_key import twin_key

_LOG_NAME = re.compile(r"\.log(\.\d+)?(\.gz)?$", re.IGNORECASE)
_LOG_FOLDERS = {"log", "logs"}
_LEVEL = re.compile(r"\b(DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b", re.IGNORECASE)
_PACKED = (b"PK", b"BZh", b"7z", b"\xfd7zXZ")
_SAME_LEVEL = {"warn": "warning", "fatal": "critical", "notice": "info"}


def is_log(path: Path, root: Path) -> bool:
    """Whether a file is a log by its name, or by lying in a folder `log` or `logs` of the imported one."""
    folders = {part.lower() for part in path.relative_to(root).parts[:-1]}
    return bool(_LOG_NAME.search(path.name) or folders & _LOG_FOLDERS)


def keep_log(path: Path, folder: Path) -> Counter[str]:
    """Keep a log file in the archive, never replacing another, and count its lines by level.

    Raises:
        OSError: The disk is full or refuses.
    """
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    make_folder(folder)
    for name in (path.name, twin_key(path.name, digest)):
        target = folder / name
        if not target.exists():
            draft = folder / f".{name}.part"
            draft.unlink(missing_ok=True)
            write_new(draft, data)
            if move_without_replacing(draft, target):
                break
            draft.unlink(missing_ok=True)
        if target.read_bytes() == data:
            break
    return count_levels(data)


def count_levels(data: bytes) -> Counter[str]:
    """How many lines of a log, gzipped or not, are of which level; `other` where a line names none."""
    try:
        text = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except (OSError, EOFError, zlib.error):
        return Counter({"unreadable": 1})
    if text.startswith(_PACKED):
        return Counter({"unreadable": 1})
    counts: Counter[str] = Counter()
    for line in text.decode(errors="replace").splitlines():
        if line.strip():
            found = _LEVEL.search(line)
            level = found[1].lower() if found else "other"
            counts[_SAME_LEVEL.get(level, level)] += 1
    return counts
