"""Keep home: settings, warehouse and what else nothing brings back, in one archive; pictures in a mirror."""

import logging
from pathlib import Path
from typing import Literal

from raspi_agent.mounted import check_still_mounted
from tasks.home_archive import keep_newest, later_than, write_archive
from tasks.home_mirror import Mirrored, mirror
from tasks.settings import Settings
from tasks.step import step

log = logging.getLogger(__name__)
Pictures = Literal["none", "link", "copy"]
MIRROR = "pictures"
MOUNT_NOTE = "backups-are-mounted"


@step(timeout_s=3600)
def archive_home(settings: Settings, folder: Path, *, with_secrets: bool, keep: int) -> Path:
    """Write a new archive, read it back, and only then remove the oldest ones beyond `keep`.

    Raises:
        StoreUnavailable: The settings' folder for archives lay on a share or disk that is not mounted now.
    """
    if folder == settings.backups:
        check_still_mounted(folder.absolute(), settings.home / MOUNT_NOTE)
    path = write_archive(settings.home, folder, with_secrets=with_secrets)
    for gone in keep_newest(folder, keep, path):
        log.info("%s was older than the newest %d and is removed", gone.name, keep)
    if future := later_than(folder, path):
        log.warning(
            "%d archives bear a later time than the one just written, like %s: a clock was wrong. "
            "They count as the oldest.", len(future), future[0].name,
        )  # fmt: skip
    log.info("%s holds the home folder and has been read back", path)
    return path


@step(timeout_s=12 * 3600)
def mirror_pictures(settings: Settings, folder: Path, pictures: Pictures) -> Mirrored:
    """Bring new pictures, reports and logs into the mirror beside the archives."""
    if pictures == "none":
        return Mirrored(0)
    return mirror(settings.home, folder / MIRROR, link=pictures == "link")
