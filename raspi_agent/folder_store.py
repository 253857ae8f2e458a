"""A folder as the store: the embedded default, or a mounted network share."""

import errno
import hashlib
import logging
import os
import shutil
import time
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from raspi_agent import durable
from raspi_agent.content_hash import content_hash, content_hash_of_file
from raspi_agent.folder_walk import walk
from raspi_agent.mounted import check_still_mounted
from raspi_agent.picture_key import parse_picture_key
from raspi_agent.settled_files import SETTLE_S, is_settled, is_temporary_name
from raspi_agent.store import Added, Listing, Revision, RevisionGone, Space, StoreFull, StoreUnavailable

_log = logging.getLogger(__name__)

_TEMPORARY = ".smartmeter-tmp"
_DELETING = ".smartmeter-deleting"
_LEFT_OVER_S = 3600.0
_PARTS = 64  # a backup leaves gaps in a few days' folders: only those few parts of the cursor fit no more


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str
    size: int
    changed_ns: int  # ctime: a copied or renamed file may bring an old mtime along
    signature: int


class FolderStore:
    """The pictures of one folder.

    Args:
        root: the folder; a key is a path relative to it.
        create: make the folder when it is missing. Without it a missing folder is an unavailable store,
            for a share that is not mounted must not look like an empty one.
        settle_s: a file put there by others is listed once nobody has written to it for so long.
        mount_note: a file that remembers whether the folder was a mounted share; see `raspi_agent.mounted`.
    """

    def __init__(
        self,
        root: Path,
        *,
        create: bool = False,
        settle_s: float = SETTLE_S,
        mount_note: Path | None = None,
    ) -> None:
        self.root = root
        self.create = create
        self.mount_note = mount_note
        self.settle_s = settle_s

    def list(self, cursor: str | None = None) -> Listing:
        """Every revision that is new since the cursor, by key; see `Store.list`.

        The cursor holds an instant and checksums of all that was there before it, one for some of the folders
        each. Where one no longer fits (a delete, a clock that jumped), everything in its folders is listed.
        """
        with self._answering():
            self._end_interrupted_deletes()
            entries, unsettled_ns, known_hidden = self._entries()
            since_ns = _since(cursor, entries)
            revisions, hidden = [], [*known_hidden]
            news = (e for e in entries if e.changed_ns >= since_ns[_part(e.key)])
            for entry in sorted(news, key=lambda e: e.key):
                try:
                    revisions.append(self._revision(entry))
                except FileNotFoundError:
                    continue
                except PermissionError:  # a share that promised to let us read: ask again next time
                    hidden.append(entry.key)
                    unsettled_ns = min(unsettled_ns, entry.changed_ns)
            if hidden:
                _log.warning(
                    "%d files or folders in %s are not listed, for this user may not read them, like %r",
                    len(hidden), self.root, hidden[0],
                )  # fmt: skip
            until_ns = min(unsettled_ns, max((e.changed_ns + 1 for e in entries), default=0))
            return Listing(tuple(revisions), _cursor(entries, until_ns), tuple(hidden))

    def fetch(self, revision: Revision) -> bytes:
        """The bytes of that revision, their hash checked; see `Store.fetch`."""
        path = self._path(revision.key)
        with self._answering():
            try:
                data = path.read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
                self.check_root()
                message = f"{revision.key} is no longer in {self.root}"
                raise RevisionGone(message) from error
        if content_hash(data) != revision.content_hash:
            message = f"{revision.key} in {self.root} has other bytes now"
            raise RevisionGone(message)
        return data

    def add(self, key: str, data: bytes) -> Added:
        """Store the bytes under the key unless it is taken; see `Store.add`."""
        path = self._path(key)
        with self._answering():
            self.check_root()
            durable.make_folder(path.parent)
            if not os.path.lexists(path):
                draft = self._draft()
                try:
                    durable.write_new(draft, data)
                    self._backdate(draft, key)
                    if durable.move_without_replacing(draft, path):
                        return Added.STORED
                finally:
                    draft.unlink(missing_ok=True)
            if not path.is_file() or content_hash_of_file(path) != content_hash(data):
                return Added.CONFLICT
            durable.sync_file(path)  # who wrote it may have been killed before
            return Added.ALREADY_THERE

    def delete(self, revision: Revision) -> bool:
        """Make exactly that revision go; see `Store.delete`.

        The file gets a name that nobody else knows and is looked at once more, for another program may have
        replaced it after the first look. A delete that is killed there is for a later `list` to end.
        """
        path = self._path(revision.key)
        folder = self.root / _DELETING / f"{revision.content_hash}-{uuid.uuid4().hex}"
        aside = folder / revision.key
        with self._answering():
            self.check_root()
            try:
                if content_hash_of_file(path) != revision.content_hash:
                    return False
                aside.parent.mkdir(parents=True)
                path.rename(aside)
            except FileNotFoundError:
                return True
            else:
                return self._end_delete(aside, path, revision.content_hash)
            finally:
                _remove_empty_folders(folder)

    def _end_delete(self, aside: Path, path: Path, digest: str) -> bool:
        """Delete a file that was set aside if it is the one that was meant, else put it back."""
        is_meant = content_hash_of_file(aside) == digest
        if is_meant:
            aside.unlink()
        else:
            durable.make_folder(path.parent)
            if not durable.move_without_replacing(aside, path):
                beside = path.with_name(f"{path.stem}-{uuid.uuid4().hex[:8]}{path.suffix}")
                durable.move_without_replacing(aside, beside)
        durable.sync_folder(path.parent)
        return is_meant

    def _end_interrupted_deletes(self) -> None:
        for folder in (self.root / _DELETING).glob("*"):
            digest = folder.name.partition("-")[0]
            for aside in [each for each in folder.rglob("*") if each.is_file()]:
                with suppress(FileNotFoundError):  # who set it aside was only slow
                    if time.time() - aside.stat().st_ctime > _LEFT_OVER_S:
                        self._end_delete(aside, self.root / aside.relative_to(folder), digest)
                        _remove_empty_folders(folder)

    def space(self) -> Space:
        """What the files in the folder take, and what its file system could hold beside what others use."""
        with self._answering():
            self.check_root()
            used_bytes = sum(status.st_size for _, status in walk(self.root).files)
            return Space(used_bytes, used_bytes + shutil.disk_usage(self.root).free)

    def deleted(self) -> tuple[Revision, ...]:
        """Nothing: a folder forgets what is deleted."""
        return ()

    def restore(self, revision: Revision) -> Added:
        """Never possible; see `Store.restore`.

        Raises:
            RevisionGone: always.
        """
        message = f"{self.root} does not remember {revision.key}: put it back from the archive"
        raise RevisionGone(message)

    def check_root(self) -> None:
        """Return when the folder is there, and mounted if it ever was.

        Raises:
            StoreUnavailable: it is not.
        """
        if self.root.is_dir():
            if self.mount_note is not None:
                check_still_mounted(self.root, self.mount_note)
        elif self.create:
            durable.make_folder(self.root.absolute())
        else:
            message = f"the folder {self.root} is not there: mount it or create it"
            raise StoreUnavailable(message)

    def _path(self, key: str) -> Path:
        plain = PurePosixPath(key)
        if not plain.parts or "\\" in key or "\0" in key or plain.is_absolute() or ".." in plain.parts:
            message = f"{key!r} is no key: a relative path with / and without .. is one"
            raise ValueError(message)
        if plain.as_posix() != key or any(is_temporary_name(part) for part in plain.parts):
            message = f"{key!r} is no key: names that start with a dot or end like temporary files are not"
            raise ValueError(message)
        return self.root / plain

    def _entries(self) -> tuple[tuple[_Entry, ...], int, tuple[str, ...]]:
        """All settled files, the instant before which everything has settled (ns), and what can't be read."""
        self.check_root()
        walked = walk(self.root)
        entries, hidden = [], list(walked.hidden)
        unsettled_ns = time.time_ns() + 10**18
        for key, status in walked.files:
            if not is_settled(status, self.settle_s):
                unsettled_ns = min(unsettled_ns, status.st_ctime_ns)
                continue
            if not os.access(self.root / key, os.R_OK, effective_ids=True):
                hidden.append(key)  # and not in the cursor: once it can be read, it is news
                continue
            text = f"{key}\0{status.st_ino}\0{status.st_size}\0{status.st_mtime_ns}".encode()
            signature = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
            entries.append(_Entry(key, status.st_size, status.st_ctime_ns, signature))
        return tuple(entries), unsettled_ns, tuple(hidden)

    def _revision(self, entry: _Entry) -> Revision:
        found = content_hash_of_file(self.root / entry.key)
        return Revision(key=entry.key, revision=found, size=entry.size, content_hash=found)

    def _draft(self) -> Path:
        folder = self.root / _TEMPORARY
        durable.make_folder(folder)
        for leftover in folder.iterdir():
            with suppress(FileNotFoundError):  # another writer has finished with it
                if time.time() - leftover.stat().st_ctime > _LEFT_OVER_S:
                    leftover.unlink()
        return folder / uuid.uuid4().hex

    def _backdate(self, draft: Path, key: str) -> None:
        """Let the file bear the time of the picture, and be settled as soon as it has its name."""
        settled_at = time.time() - self.settle_s - 1
        picture = parse_picture_key(key)
        taken_at = picture.taken_at.timestamp() if picture and picture.taken_at else settled_at
        modified_at = min(taken_at, settled_at)
        os.utime(draft, (modified_at, modified_at))

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                message = f"the folder {self.root} is full: free some space, or run the backup"
                raise StoreFull(message) from error
            message = f"the folder {self.root} does not answer: {error}"
            raise StoreUnavailable(message) from error


def _remove_empty_folders(folder: Path) -> None:
    for each, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):  # it holds a file
            Path(each).rmdir()


def _part(key: str) -> int:
    """The part of a cursor that vouches for a key: all of a folder are in one."""
    return zlib.crc32(key.rpartition("/")[0].encode()) % _PARTS


def _since(cursor: str | None, entries: tuple[_Entry, ...]) -> list[int]:
    """By part, the instant (ns) from which on a holder of the cursor knows nothing; 0 when in any doubt."""
    until, *sums = (cursor or "").split("-")
    if not until.isdecimal() or len(sums) != _PARTS:
        return [0] * _PARTS
    until_ns = int(until)
    return [until_ns if fits else 0 for fits in map(str.__eq__, sums, _sums(entries, until_ns))]


def _cursor(entries: tuple[_Entry, ...], until_ns: int) -> str:
    return "-".join([str(until_ns), *_sums(entries, until_ns)])


def _sums(entries: tuple[_Entry, ...], until_ns: int) -> list[str]:
    """A checksum for each part of a cursor."""
    sums = [0] * _PARTS
    for entry in entries:
        if entry.changed_ns < until_ns:
            sums[_part(entry.key)] += entry.signature
    return [f"{each % 2**64:x}" for each in sums]
