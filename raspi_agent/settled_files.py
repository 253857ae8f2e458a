"""Which files of a folder that others write into are finished."""

import os
import time

SETTLE_S = 2.0
_PARTIAL_ENDINGS = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".download", "~")
_OF_THE_FILE_SYSTEM = frozenset({"lost+found", "system volume information", "$recycle.bin"})


def is_temporary_name(name: str) -> bool:
    """Whether a name is hidden, the file system's own, or of an unfinished copy (rsync, FTP, browsers)."""
    lower = name.lower()
    return lower.startswith(".") or lower.endswith(_PARTIAL_ENDINGS) or lower in _OF_THE_FILE_SYSTEM


def is_settled(status: os.stat_result, settle_s: float = SETTLE_S) -> bool:
    """Whether a file has rested for `settle_s` seconds.

    A time of change in the future is a clock that jumped, not somebody writing.
    """
    age_s = time.time() - status.st_mtime
    return age_s >= settle_s or age_s < -settle_s
