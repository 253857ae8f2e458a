"""The data management of the scripts that SmartMeter replaces, modelled to be measured beside it."""

from contextlib import suppress

from dropbox.files import WriteMode

from flows.playground.fault_runs.household import Household
from flows.playground.fault_runs.rules import LaxDropbox
from raspi_agent.store import Revision, StoreError


class OriginalHousehold(Household):
    """What `upload.sh` and `backup_dropbox.sh` of the original do, as the real scripts behave.

    Names are seconds of the local clock and nothing is synced. A picture whose name is taken is not uploaded,
    and goes locally once its name is listed. The server downloads over what it has, removes what a failed
    download leaves, compares names and sizes, and deletes by name.
    """

    def take(self) -> None:
        """Photograph into a file named by the clock."""
        folder = self.disk.root / "camera"
        folder.mkdir(exist_ok=True)
        data = self.chance.randbytes(100)
        with (folder / f"{self.cupboard.now_at:%Y%m%d_%H%M%S}.png").open("wb") as file:
            file.write(data)
        self.promise(data)

    def upload(self) -> None:
        """Upload what is not listed, then remove what is."""
        store, folder = self._dropbox(), self.disk.root / "camera"
        listed = {revision.key for revision in store.list().revisions}
        for path in sorted(folder.glob("*.png")):
            if path.name not in listed:
                store.upload_over(path.name, path.read_bytes(), WriteMode.add)
        listed = {revision.key for revision in store.list().revisions}
        for path in sorted(folder.glob("*.png")):
            if path.name in listed:
                path.unlink()

    def fetch(self) -> None:
        """Download whatever differs in name or size, straight to its place."""
        store = self._dropbox()
        self.archive.mkdir(exist_ok=True)
        for revision in store.list().revisions:
            path = self.archive / revision.key
            if path.exists() and path.stat().st_size == revision.size:
                continue
            with path.open("wb") as file:
                try:
                    file.write(store.fetch(revision))
                except StoreError:
                    path.unlink()

    def free(self) -> None:
        """Delete what the archive has under the same name and size."""
        store = self._dropbox()
        for revision in store.list().revisions:
            path = self.archive / revision.key
            if path.exists() and path.stat().st_size == revision.size:
                self.let_others_write("files/delete_v2", revision.key, 0.15)
                with suppress(StoreError):
                    store.delete_name(Revision(revision.key, "", 0, ""))

    def _dropbox(self) -> LaxDropbox:
        return LaxDropbox(self.disk.root.parent / "home", None)
