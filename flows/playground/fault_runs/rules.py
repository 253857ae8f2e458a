"""The rules of the protocol, and stores that break one of them on request."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import requests
from dropbox.exceptions import ApiError
from dropbox.files import WriteMode

from raspi_agent.dropbox_store import DropboxStore
from raspi_agent.folder_store import FolderStore
from raspi_agent.store import Added, Revision, StoreUnavailable


class Rule(StrEnum):
    """What the protocol holds on to; taking one away must show."""

    SYNC_FILES = "files are synced before they get their name"
    SYNC_FOLDERS = "folders are synced after a name was given"
    NEVER_OVERWRITE = "an upload never overwrites"
    CONFIRMED_FIRST = "a picture counts as sent once the store has confirmed it"
    HASH_ON_ARRIVAL = "what arrives is compared by its hash, not its size"
    READ_BACK = "only what was read back from the archive is deleted"
    ONE_REVISION = "a delete names one revision"
    SLOT_ONCE = "a slot that has its picture gets no other"
    WHOLE_PICTURES = "what is no whole picture fills no slot"
    NUMBERED = "names carry a number that never goes back"
    UNSENT_STAYS = "room is made of what the store has"


class LaxDropbox(DropboxStore):
    """The store, less the rule that is taken away."""

    def __init__(self, home: Path, without: Rule | None) -> None:
        super().__init__("/", home)
        self.without = without

    def add(self, key: str, data: bytes) -> Added:
        """As ever, or over whatever is there."""
        if self.without is not Rule.NEVER_OVERWRITE:
            return super().add(key, data)
        self.upload_over(key, data, WriteMode.overwrite)
        return Added.STORED

    def fetch(self, revision: Revision) -> bytes:
        """As ever, or comparing the size only."""
        if self.without is not Rule.HASH_ON_ARRIVAL:
            return super().fetch(revision)
        _, response = self._ask(lambda client: client.files_download(f"rev:{revision.revision}"))
        try:
            data = bytes(response.content)
        except requests.RequestException as error:
            raise StoreUnavailable(str(error)) from error
        if len(data) != revision.size:
            raise StoreUnavailable("cut")
        return data

    def delete(self, revision: Revision) -> bool:
        """As ever, or whatever has the name by now."""
        if self.without is not Rule.ONE_REVISION:
            return super().delete(revision)
        self.delete_name(revision)
        return True

    def upload_over(self, key: str, data: bytes, mode: WriteMode) -> None:
        """Upload in another mode."""
        with _refusals_as_trouble():
            self._ask(lambda client: client.files_upload(data, f"/{key}", mode=mode))

    def delete_name(self, revision: Revision) -> None:
        """Delete whatever has the name."""
        with _refusals_as_trouble():
            self._ask(lambda client: client.files_delete_v2(f"/{revision.key}"))


class LaxFolder(FolderStore):
    """Likewise."""

    def __init__(self, root: Path, without: Rule | None) -> None:
        super().__init__(root, create=True, settle_s=0)
        self.without = without

    def add(self, key: str, data: bytes) -> Added:
        """As ever, or over whatever is there."""
        if self.without is not Rule.NEVER_OVERWRITE:
            return super().add(key, data)
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return Added.STORED


@contextmanager
def _refusals_as_trouble() -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        raise StoreUnavailable(str(error)) from error
