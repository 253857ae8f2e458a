"""What Prefect writes for each failed run and never removes: a small file with its error."""

import logging
import time
from datetime import timedelta
from pathlib import Path
from threading import Thread

log = logging.getLogger(__name__)
# As long as the server knows of runs: [tool.prefect.server.services.db_vacuum] in pyproject.toml.
KEPT = timedelta(days=90)
AGAIN = timedelta(days=1)


def remove_daily(home: Path) -> None:
    """Remove what is too old now and each day, for as long as this process lives.

    Args:
        home: The home folder. Prefect's own folder elsewhere is left alone: others may use it too.
    """

    def run() -> None:
        while True:
            remove_old(home / "prefect" / "storage", KEPT)
            time.sleep(AGAIN.total_seconds())

    Thread(target=run, name="old results", daemon=True).start()


def remove_old(folder: Path, kept: timedelta) -> int:
    """Remove the files of a folder that were written longer ago; how many."""
    oldest_s = time.time() - kept.total_seconds()
    removed = 0
    for path in folder.glob("*"):
        try:
            if path.is_file() and path.stat().st_mtime < oldest_s:
                path.unlink()
                removed += 1
        except OSError as error:
            log.warning("%s can't be removed: %s", path, error)
            break
    return removed
