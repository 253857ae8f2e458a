"""Which files of a folder that others write into are finished."""

import os
import time

SETTLE_S = 2.0
_PARTIAL_ENDINGS = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".download", "~")


def is_temporary_name(name: str) -> bool:
    """Whether a name is one that copying programs give to unfinished files (rsync, FTP, browsers)."""
    return name.startswith(".") or name.lower().endswith(_PARTIAL_ENDINGS)


def is_settled(status: os.stat_result, settle_s: float = SETTLE_S) -> bool:
    """Whether a file has rested for `settle_s` seconds.

    A time of change in the future is a clock that jumped, not somebody writing.
    """
    age_s = time.time() - status.st_mtime
    return age_s >= settle_s or age_s < -settle_s
