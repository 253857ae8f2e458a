"""Where archives of the home folder go."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from raspi_agent.mounted import lies_on_root
from raspi_agent.store import StoreUnavailable
from tasks.home_archive import archives_in
from tasks.keep_home import MOUNT_NOTE, archive_home
from tasks.settings import Settings, load_settings

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system of its own


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder on another file system than the root's."""
    if not MEMORY.is_dir() or lies_on_root(MEMORY):
        pytest.skip("there is no second file system here")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


def archived(settings: Settings, folder: Path) -> Path:
    return archive_home.fn(settings, folder, with_secrets=False, keep=5)


def test_nothing_goes_below_the_mount_point_of_a_disk_that_is_away(
    home: Path, disk: Path, tmp_path: Path
) -> None:
    if not lies_on_root(tmp_path):
        pytest.skip("the tests' own folder is no part of the root file system")
    mount_point = tmp_path / "mnt"
    with (home / "smartmeter.toml").open("a") as file:
        file.write(f'\n[backup]\nhome_folder = "{mount_point}/backups"\n')
    settings, folder = load_settings(), mount_point / "backups"
    mount_point.symlink_to(disk)
    assert archived(settings, folder).is_file()

    mount_point.unlink()
    mount_point.mkdir()
    with pytest.raises(StoreUnavailable, match=f"{folder} is not mounted"):
        archived(settings, folder)
    assert list(mount_point.iterdir()) == []
    assert archived(settings, tmp_path / "elsewhere").is_file()

    (home / MOUNT_NOTE).unlink()  # as the refusal says
    assert archives_in(folder) == [] != [archived(settings, folder)]
