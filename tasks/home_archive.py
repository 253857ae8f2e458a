"""A home folder in one file: written whole, read back before it counts, and unpacked on a new machine."""

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from raspi_agent import durable
from tasks.custody import AHEAD
from tasks.home_draft import draft_beside
from tasks.home_mirror import REFUSED, mirror, refused
from tasks.settings import FILE_NAME
from warehouse.keep import check_kept, copy_to_keep

FORMAT = 1
MANIFEST = "MANIFEST.json"
WAREHOUSE = "smartmeter.duckdb"
SECRETS = "secrets"
# Besides settings and warehouse: what nothing else can bring back. Pictures, reports and logs have a mirror.
KEPT_FILES = ("restored.json", "watch/incidents.json")
KEPT_FOLDERS = ("windows", "models")
PREFIX, SUFFIX = "smartmeter-home_", ".tar.gz"
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
COMPRESSION = 3
DRAFT, CHECK = ".draft-", ".check-"
LEFT_OVER_S = 86_400.0
BLOCK = 1 << 20


class ArchiveError(Exception):
    """The archive can't be used; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds.

    Attributes:
        made_at: When, UTC.
        home: Where the home folder lay.
        files: Each file's sha256 by its path in the home folder.
        tables: Each table's fingerprint; empty without a warehouse.
        with_secrets: The files in `secrets/` are in it.
    """

    made_at: str
    home: str
    files: dict[str, str]
    tables: dict[str, str]
    with_secrets: bool


def write_archive(home: Path, folder: Path, *, with_secrets: bool, now_at: datetime | None = None) -> Path:
    """Keep a home folder in a new dated archive, which has been read back when this returns.

    Args:
        home: The home folder.
        folder: Where the archive goes; it is made, for its owner alone, if it does not exist.
        with_secrets: Also the files in `secrets/`: whoever has the archive has them.
        now_at: UTC, for the name.

    Returns:
        The archive's path.

    Raises:
        ArchiveError: What was written can't be read back.
        WarehouseError: The warehouse can't be opened.
        OSError: The disk is full or refuses.
    """
    now_at = now_at or datetime.now(UTC)
    if not folder.is_dir():
        durable.make_folder(folder)
        folder.chmod(PRIVATE_FOLDER)
    _sweep(folder)
    target = folder / f"{PREFIX}{now_at:%Y%m%dT%H%M%SZ}{SUFFIX}"
    with tempfile.TemporaryDirectory(prefix=DRAFT, dir=folder) as name:
        draft, copies = Path(name) / target.name, Path(name) / "copies"
        copies.mkdir()
        live = home / WAREHOUSE
        tables = copy_to_keep(live, copies / WAREHOUSE) if live.exists() else {}
        # Others go on writing: what is hashed and what is packed must be the same bytes.
        names = [path for path in _kept(home, with_secrets=with_secrets) if _copied(home, copies, path)]
        names += [WAREHOUSE] if tables else []
        files = {path: _sha256(copies / path) for path in names}
        _pack(draft, Manifest(now_at.isoformat(), str(home.resolve()), files, tables, with_secrets), copies)
        check_archive(draft)
        if not durable.move_without_replacing(draft, target):
            raise ArchiveError(f"{target} exists already; nothing was replaced. Try again in a second.")
    return target


def check_archive(path: Path) -> Manifest:
    """What an archive holds, every byte and row of it checked.

    Raises:
        ArchiveError: It is damaged, or no archive of a home folder.
    """
    with tempfile.TemporaryDirectory(prefix=CHECK, dir=path.parent) as name:
        return unpack(path, Path(name))


def unpack(path: Path, folder: Path) -> Manifest:
    """Unpack an archive into an empty folder; return what it holds, every byte and row of it checked.

    Raises:
        ArchiveError: It is damaged, or no archive of a home folder.
        OSError: The disk is full or refuses; the archive may be whole.
    """
    try:
        with tarfile.open(path, "r:gz") as archive:
            manifest = _manifest_of(archive)
            for member in archive:
                if member.name != MANIFEST:
                    _extract(archive, member, manifest, folder)
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno in REFUSED:
            raise refused(path.name, error.filename or folder.parent, error) from error
        raise ArchiveError(
            f"{path} is damaged or no archive of a home folder: {error}. Take another one."
        ) from error
    for name, digest in manifest.files.items():
        if not (folder / name).is_file() or _sha256(folder / name) != digest:
            raise ArchiveError(f"{path} is damaged: {name} is missing or differs. Take another one.")
    if manifest.tables:
        check_kept(folder / WAREHOUSE, manifest.tables)
    return manifest


def bring_home(
    archive: Path, home: Path, pictures: Path | None = None, *, link: bool = False
) -> tuple[Manifest, int]:
    """Make a new home folder of an archive and its mirror, whole or not at all.

    Settings that name a path in the old home folder name the same one in the new. The next ingest adopts
    pictures that the mirror has and the warehouse lacks.

    Args:
        archive: From `write_archive`.
        home: The new home folder.
        pictures: The mirror, if there is one.
        link: Link what the mirror has instead of copying it.

    Returns:
        What the archive holds, and how many files came from the mirror.

    Raises:
        ArchiveError: It is damaged, or the new home folder holds something already.
        OSError: The disk is full or refuses, or something in the mirror may not be read; nothing is left of
            the new home folder.
    """
    home = home.resolve()
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise ArchiveError(
            f"{home} is not empty; nothing was touched. Name a folder that does not exist yet."
        )
    durable.make_folder(home.parent)
    with draft_beside(home) as draft:
        manifest = unpack(archive, draft)
        count = mirror(pictures, draft, link=link, whole=True).brought if pictures else 0
        (draft / AHEAD).touch(PRIVATE_FILE)
        durable.sync_file(draft / AHEAD)
        settings = draft / FILE_NAME
        if settings.exists():
            text = _moved(settings.read_text(encoding="utf-8"), manifest.home, str(home))
            settings.write_text(text, encoding="utf-8")
            durable.sync_file(settings)
        if home.exists():
            home.rmdir()
        draft.replace(home)
        durable.sync_folder(home.parent)
    return manifest, count


def keep_newest(folder: Path, count: int, newest: Path) -> list[Path]:
    """Remove all but the newest archives; return what went.

    Args:
        folder: Where they lie.
        count: How many stay.
        newest: The one just written, which always stays.
    """
    future = later_than(folder, newest)
    archives = [*future, *(path for path in archives_in(folder) if path not in future)]
    gone = [path for path in archives[: max(len(archives) - count, 0)] if path.name != newest.name]
    for path in gone:
        path.unlink()
    return gone


def later_than(folder: Path, newest: Path) -> list[Path]:
    """The archives whose names bear a later time than the newest one: a clock was wrong."""
    return [path for path in archives_in(folder) if path.name > newest.name]


def archives_in(folder: Path) -> list[Path]:
    """The archives in a folder, oldest first."""
    return sorted(folder.glob(f"{PREFIX}*{SUFFIX}"))


def _moved(text: str, old: str, new: str) -> str:
    """The settings with another home folder, where a path begins with it: another path may go on with it."""
    return re.sub(rf"""(?:(?<=["':])|(?<=://)){re.escape(old)}/""", lambda _: f"{new}/", text)


def _sweep(folder: Path) -> None:
    """Clear away what a kill left half done a day ago."""
    for path in (*folder.glob(f"{DRAFT}*"), *folder.glob(f"{CHECK}*")):
        if time.time() - path.stat().st_mtime > LEFT_OVER_S:
            shutil.rmtree(path, ignore_errors=True)


def _kept(home: Path, *, with_secrets: bool) -> Iterator[str]:
    for name in (FILE_NAME, *KEPT_FILES):
        if (home / name).is_file():
            yield name
    for folder in (*KEPT_FOLDERS, *((SECRETS,) if with_secrets else ())):
        for path in sorted((home / folder).rglob("*")):
            if path.is_file():
                yield path.relative_to(home).as_posix()


def _copied(home: Path, copies: Path, name: str) -> bool:
    """Copy a file of the home folder aside; False when it has gone since it was listed."""
    (copies / name).parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(home / name, copies / name)
    except FileNotFoundError:
        return False
    return True


def _pack(draft: Path, manifest: Manifest, folder: Path) -> None:
    data = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1).encode()
    with draft.open("xb") as file:
        draft.chmod(PRIVATE_FILE)
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=COMPRESSION) as archive:
            _add(archive, MANIFEST, len(data), io.BytesIO(data))
            for name in manifest.files:
                with (folder / name).open("rb") as source:
                    _add(archive, name, (folder / name).stat().st_size, source)
        file.flush()
        os.fsync(file.fileno())


def _add(archive: tarfile.TarFile, name: str, size: int, source: "io.BufferedIOBase") -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, PRIVATE_FILE
    archive.addfile(member, source)


def _manifest_of(archive: tarfile.TarFile) -> Manifest:
    """The first member; it must be of a format that this version knows."""
    first = archive.next()
    file = archive.extractfile(first) if first is not None and first.name == MANIFEST else None
    if file is None:
        raise ValueError("it does not begin with a manifest")
    fields = json.load(file)
    if fields.pop("format", None) != FORMAT:
        raise ValueError("a newer version of SmartMeter has written it")
    return Manifest(**fields)


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, manifest: Manifest, folder: Path) -> None:
    """Write one file that the manifest names, and nothing else: no links, no paths that lead elsewhere."""
    parts = Path(member.name).parts
    if (
        not member.isreg()
        or member.name not in manifest.files
        or member.name.startswith("/")
        or ".." in parts
    ):
        raise ValueError(f"it holds {member.name!r}, which does not belong there")
    target = folder / member.name
    target.parent.mkdir(parents=True, exist_ok=True)
    source = archive.extractfile(member)
    if source is None:
        raise ValueError(f"{member.name!r} can't be read")
    with target.open("xb") as file:
        target.chmod(PRIVATE_FILE)
        shutil.copyfileobj(source, file, BLOCK)
        file.flush()
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
