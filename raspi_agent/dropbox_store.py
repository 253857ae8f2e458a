"""A Dropbox as the store, by the official SDK."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import dropbox
from dropbox import files
from dropbox.exceptions import ApiError, BadInputError

from raspi_agent.content_hash import content_hash
from raspi_agent.dropbox_errors import is_conflict, is_not_found, lookup_error, store_error, write_error
from raspi_agent.dropbox_token import load_token
from raspi_agent.picture_key import parse_picture_key
from raspi_agent.settled_files import is_temporary_name
from raspi_agent.store import (
    Added,
    Listing,
    Revision,
    RevisionGone,
    Space,
    StoreError,
    StoreRefused,
    StoreUnavailable,
    is_too_long,
)

Answer = TypeVar("Answer")
_log = logging.getLogger(__name__)

_TIMEOUT_S = 30.0  # for one packet, not for the whole
_PAGE = 2000
_CHUNK_BYTES = 1 << 16


class DropboxStore:
    """The pictures of one folder in a linked Dropbox.

    Args:
        folder: its path in what the link may see; `/` is all of that.
        home: the home folder with the link, see `raspi_agent.dropbox_token`.
    """

    def __init__(self, folder: str, home: Path) -> None:
        self.root = folder.rstrip("/")
        self.home = home
        self._own = threading.local()  # requests promises nothing about sessions shared by threads
        self._first: dropbox.Dropbox | None = None
        self._linking = threading.Lock()

    def list(self, cursor: str | None = None) -> Listing:
        """Every revision that is new since the cursor, by key; see `Store.list`.

        Raises:
            StoreRefused: the folder is not there, which is not the same as an empty one.
        """
        newest: dict[str, Revision] = {}
        for page in self._pages(cursor):
            for entry in page.entries:
                key = self._key(entry)
                if isinstance(entry, files.FileMetadata) and entry.content_hash and _is_storable(key):
                    newest[key] = Revision(key, entry.rev, entry.size, entry.content_hash)
            cursor = page.cursor
        return Listing(tuple(newest[key] for key in sorted(newest)), str(cursor))

    def fetch(self, revision: Revision) -> bytes:
        """The bytes of that revision, their size and hash checked; see `Store.fetch`."""
        try:
            data = self._ask(lambda client: _read(client, revision))
        except ApiError as error:
            raise lookup_error(error.error, "path", revision.key) from error
        if content_hash(data) != revision.content_hash:
            message = f"{revision.key} arrived damaged"
            raise StoreUnavailable(message)
        return data

    def add(self, key: str, data: bytes) -> Added:
        """Store the bytes under the key unless it is taken; see `Store.add`.

        A strict request tells whether it was this one that stored them; only when the name is taken, the
        lenient one tells whether by the same bytes. Both may be repeated after a lost reply.
        """
        for strict, added in ((True, Added.STORED), (False, Added.ALREADY_THERE)):
            try:
                confirmed = self._upload(key, data, strict=strict)
            except ApiError as error:
                if not is_conflict(error.error, "path"):
                    raise write_error(error.error, "path", key) from error
                continue
            if confirmed != content_hash(data):
                message = f"Dropbox confirms other bytes for {key}"
                raise StoreUnavailable(message)
            return added
        return Added.CONFLICT

    def delete(self, revision: Revision) -> bool:
        """Make exactly that revision go; see `Store.delete`."""
        path = self._path(revision.key)
        try:
            self._ask(lambda client: client.files_delete_v2(path, parent_rev=revision.revision))
        except ApiError as error:
            if is_not_found(error.error, "path_lookup"):
                return True
            if is_conflict(error.error, "path_write") or error.error.is_path_lookup():
                return False  # a folder has the name, or another revision
            raise write_error(error.error, "path_write", revision.key) from error
        return True

    def space(self) -> Space:
        """How full the whole Dropbox is."""
        usage = self._ask(lambda client: client.users_get_space_usage())
        allocation = usage.allocation
        if allocation.is_individual():
            return Space(usage.used, allocation.get_individual().allocated)
        return Space(usage.used, allocation.get_team().allocated if allocation.is_team() else None)

    def deleted(self) -> tuple[Revision, ...]:
        """The newest revision of every deleted file, as far back as Dropbox remembers; a request for each."""
        gone: dict[str, str] = {}
        for page in self._pages(None, include_deleted=True):
            for entry in page.entries:
                if isinstance(entry, files.DeletedMetadata):
                    gone[self._key(entry)] = entry.path_lower
        found = (self._last_revision(key, path) for key, path in sorted(gone.items()) if _is_storable(key))
        return tuple(revision for revision in found if revision is not None)

    def restore(self, revision: Revision) -> Added:
        """Bring a deleted revision back unless other bytes have its key; see `Store.restore`.

        Dropbox's own restore overwrites, so the name is looked up before. Who writes in between makes a
        newer revision, or one that Dropbox still remembers.
        """
        path = self._path(revision.key)
        try:
            present = self._ask(lambda client: client.files_get_metadata(path))
        except ApiError as error:
            if not is_not_found(error.error, "path"):
                raise lookup_error(error.error, "path", revision.key) from error
        else:
            same = getattr(present, "content_hash", None) == revision.content_hash
            return Added.ALREADY_THERE if same else Added.CONFLICT
        try:
            self._ask(lambda client: client.files_restore(path, revision.revision))
        except ApiError as error:
            if error.error.is_invalid_revision():
                message = f"Dropbox no longer remembers {revision.key}"
                raise RevisionGone(message) from error
            tag = "path_write" if error.error.is_path_write() else "path_lookup"
            explain = write_error if tag == "path_write" else lookup_error
            raise explain(error.error, tag, revision.key) from error
        return Added.STORED

    def _upload(self, key: str, data: bytes, *, strict: bool) -> str:
        """Upload silently, bearing the time of the picture; return the hash that Dropbox confirms."""
        path, picture = self._path(key), parse_picture_key(key)
        taken_at = picture.taken_at.replace(tzinfo=None) if picture and picture.taken_at else None
        stored = self._ask(
            lambda client: client.files_upload(
                data,
                path,
                autorename=False,
                client_modified=taken_at,
                mute=True,
                strict_conflict=strict,
            )
        )
        return str(stored.content_hash)

    def _pages(self, cursor: str | None, *, include_deleted: bool = False) -> Iterator[Any]:
        """The pages of a listing; a cursor that Dropbox no longer knows begins a whole one."""
        page = self._continue(cursor) if cursor else None
        if page is None:
            page = self._begin(include_deleted=include_deleted)
        while True:
            yield page
            if not page.has_more:
                return
            page = self._continue(page.cursor)
            if page is None:
                message = "Dropbox has lost its place in a listing"
                raise StoreUnavailable(message)

    def _begin(self, *, include_deleted: bool) -> Any:  # noqa: ANN401 - the SDK has no types
        try:
            return self._ask(
                lambda client: client.files_list_folder(
                    self.root,
                    recursive=True,
                    include_deleted=include_deleted,
                    include_non_downloadable_files=False,
                    limit=_PAGE,
                )
            )
        except ApiError as error:
            raise self._missing(error.error) from error

    def _continue(self, cursor: str) -> Any:  # noqa: ANN401 - likewise
        try:
            return self._ask(lambda client: client.files_list_folder_continue(cursor), BadInputError)
        except BadInputError:
            return None  # a cursor of another account or app
        except ApiError as error:
            if error.error.is_reset():
                return None
            message = (
                f"the folder {self.root or '/'} is no longer in this Dropbox: correct the store's address"
            )
            raise StoreRefused(message) from error

    def _missing(self, error: object) -> StoreError:
        folder = self.root or "/"
        if isinstance(lookup_error(error, "path", folder), RevisionGone):
            return StoreRefused(
                f"{folder} is no folder of this Dropbox: create it, or correct the store's address"
            )
        return lookup_error(error, "path", folder)

    def _last_revision(self, key: str, path: str) -> Revision | None:
        try:
            answer = self._ask(lambda client: client.files_list_revisions(path, limit=1))
        except ApiError:
            return None  # a folder, or a file that Dropbox has forgotten
        if not answer.is_deleted or not answer.entries:
            return None
        last = answer.entries[0]
        return Revision(key, last.rev, last.size, last.content_hash)

    def _ask(self, request: Callable[[Any], Answer], *passing: type[Exception]) -> Answer:
        """The answer to a request; every failure but the route's own comes as a StoreError."""
        try:
            return request(self._client())
        except (ApiError, *passing):
            raise
        except Exception as error:
            raise store_error(error) from error

    def _client(self) -> Any:  # noqa: ANN401 - the SDK has no types
        client = getattr(self._own, "client", None)
        if client is None:
            with self._linking:
                if self._first is None:
                    self._first = _open_client(self.home)
            client = self._own.client = self._first.clone(session=dropbox.create_session(1))
        return client

    def _path(self, key: str) -> str:
        if not _is_storable(key):
            message = f"{key!r} is no key: a relative path with / and without .. or hidden names is one"
            raise ValueError(message)
        return f"{self.root}/{key}"

    def _key(self, entry: files.Metadata) -> str:
        """The key of an entry: only of its last part Dropbox promises to keep the case."""
        folder, _, _ = entry.path_lower.rpartition("/")
        return f"{folder}/{entry.name}"[len(self.root) + 1 :]


def _open_client(home: Path) -> Any:  # noqa: ANN401 - the SDK has no types
    token = load_token(home)
    client = dropbox.Dropbox(
        oauth2_refresh_token=token.refresh_token,
        app_key=token.app_key,
        user_agent="SmartMeter",
        timeout=_TIMEOUT_S,
        max_retries_on_error=0,
        max_retries_on_rate_limit=0,  # None would sleep in there for as long as Dropbox likes
    )
    client.check_and_refresh_access_token()
    return client


def _read(client: Any, revision: Revision) -> bytes:  # noqa: ANN401 - likewise
    """The bytes, never many more than there should be."""
    _, response = client.files_download(f"rev:{revision.revision}")
    with response:
        data = bytearray()
        for chunk in response.iter_content(_CHUNK_BYTES):
            data += chunk
            if len(data) > revision.size:
                break
    return bytes(data)


def _is_storable(key: str) -> bool:
    """Whether a key can be a path on any disk; what people name otherwise stays where it is."""
    plain = PurePosixPath(key)
    if not plain.parts or plain.is_absolute() or plain.as_posix() != key or "\\" in key or "\0" in key:
        return False
    return not any(part == ".." or is_temporary_name(part) or is_too_long(part) for part in plain.parts)
