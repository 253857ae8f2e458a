"""The flow `keep-home`: the home folder in one archive, for a new machine."""

from pathlib import Path
from typing import Literal

from prefect import flow

from flows.ingest import run_name
from tasks.keep_home import archive_home, mirror_pictures
from tasks.settings import load_settings


@flow(name="keep-home", flow_run_name=run_name, timeout_seconds=12 * 3600)
def keep_home(
    *,
    folder: str | None = None,
    keep: int | None = None,
    with_secrets: bool = False,
    pictures: Literal["none", "link", "copy"] | None = None,
) -> dict[str, int | str]:
    """Keep settings and warehouse in one dated archive, and pictures in a mirror beside it.

    The archive counts only after every byte and row of it has been read back. `smartmeter restore-home`
    makes a home folder of it on a new machine.

    Args:
        folder: Where archives go; as in the settings when empty.
        keep: How many of them stay; as in the settings when empty.
        with_secrets: Also the link to the Dropbox and the addresses of alerts.
        pictures: Mirror them as second names on the same disk (link), as copies, or not at all (none); as in
            the settings when empty.
    """
    settings = load_settings()
    target = Path(folder) if folder else settings.backups
    archive = archive_home(
        settings, target, with_secrets=with_secrets, keep=keep or settings.backup.home_keep
    )
    mirrored = mirror_pictures(settings, target, pictures or settings.backup.home_pictures)
    return {
        "archive": str(archive),
        "bytes": archive.stat().st_size,
        "mirrored": mirrored.brought,
        "not_mirrored": len(mirrored.left),
        "not_mirrored_like": mirrored.left[0] if mirrored.left else "",
    }
