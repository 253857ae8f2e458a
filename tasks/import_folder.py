"""Import: a folder of existing pictures and logs, as the original program or any camera left it."""

import csv
import errno
import hashlib
import io
import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from tasks.archive import LARGEST_BYTES, Arrival, arrival_from_file, in_words, save_arrivals, time_of_name
from tasks.local_times import Certainty, Stamp, resolve
from tasks.log_files import is_log, keep_log
from tasks.set_aside import SetAside
from tasks.settings import Settings, SettingsError
from tasks.step import step

log = logging.getLogger(__name__)
LABELS = "labels.csv"
UNREADABLE = frozenset({errno.EACCES, errno.EPERM, errno.EIO})  # by its owner's will, or a bad disk
REMARKS = {
    Certainty.BY_FILE_TIME: "bear a time that autumn's clock change repeats; file times tell which pass",
    Certainty.BY_ORDER: "bear a time that autumn's clock change repeats; their order tells which pass",
    Certainty.ASSUMED: "bear a time that autumn's clock change repeats; nothing tells which pass, "
    "so they are taken for the first",
    Certainty.SKIPPED_HOUR: "bear a time that spring's clock change skips; they are taken for the old time",
}


@dataclass(frozen=True, slots=True)
class Importable:
    """A picture file, when it was taken (None: EXIF may tell) and what told it.

    `or_else_at` is the other instant that its name could mean; an earlier import may have decided for it.
    """

    path: Path
    taken_at: datetime | None = None
    time_source: str = "unknown"
    or_else_at: datetime | None = None


@step(timeout_s=600)
def list_importable(
    settings: Settings, directory: Path, pattern: str, labels: Path | None, zone: ZoneInfo
) -> list[Importable]:
    """Every picture file under a folder whose name matches, in order, with its time as far as names tell."""
    _tell_passed_over(_closed_folders(directory))
    files = [path for path in _files(directory, pattern) if not is_log(path, directory)]
    told = read_label_times(labels, settings) if labels else {}
    labelled = labelled_files(files, told, [directory, labels.parent]) if labels else {}
    return dated(files, labelled, zone)


@step(timeout_s=600)
def import_batch(
    settings: Settings, files: Sequence[Importable], camera: str, zone: ZoneInfo
) -> list[SetAside]:
    """Archive these existing pictures under keys of their own; return those that are of no use.

    What the disk or its owner does not let be read is told and passed over.
    """
    passed_over: list[OSError] = []
    set_aside = save_arrivals(settings, _arrivals(settings, files, camera, zone, passed_over))
    _tell_passed_over(passed_over)
    return set_aside


@step(timeout_s=600)
def import_logs(settings: Settings, directory: Path, camera: str) -> dict[str, int]:
    """Keep the log files of a folder in the archive; return how many lines of each level they have."""
    lines: Counter[str] = Counter()
    files = [path for path in _files(directory, "*") if is_log(path, directory)]
    passed_over: list[OSError] = []
    for path in files:
        if fault := _reading_fault(path):
            passed_over.append(fault)
        else:
            lines += keep_log(path, settings.archive / "logs" / camera)
    _tell_passed_over(passed_over)
    if files:
        kept = len(files) - len(passed_over)
        log.info("%d log files kept; their lines by level: %s", kept, dict(lines))
    return dict(lines.most_common())


def labels_near(directory: Path) -> Path | None:
    """The CSV with times that lies in a folder of pictures or beside it, if one does."""
    places = (directory / LABELS, directory.parent / LABELS)
    return next((path for path in places if path.is_file()), None)


def labelled_files(
    files: Sequence[Path], told: Mapping[str, datetime], roots: Sequence[Path]
) -> dict[Path, datetime]:
    """The files that labels tell the time of: by their path, else by a name that no other one has.

    Args:
        files: What is to be imported.
        told: Times by the file that a label names, from `read_label_times`.
        roots: Folders that a label's path may begin in.

    Raises:
        SettingsError: A label may mean several files, or a file have several labels.
    """
    present = set(files)
    meant = {label: root / label for label in told for root in roots if root / label in present}
    found = {path: told[label] for label, path in meant.items()}
    by_name: dict[str, tuple[list[Path], list[str]]] = {path.name: ([], []) for path in files}
    for path in files:
        by_name[path.name][0].append(path)
    for label in told:
        by_name.get(PurePosixPath(label).name, ([], []))[1].append(label)
    for name, (paths, labels) in by_name.items():
        loose = [label for label in labels if label not in meant]
        if loose and len(paths) == len(labels) == 1:
            found[paths[0]] = told[loose[0]]
        elif loose and any(path not in found for path in paths):
            raise SettingsError(
                f"There are {len(paths)} files and {len(labels)} labels named {name}, like {loose[0]!r}. "
                f"Write in the labels where each lies below {roots[0]}, like folder/{name}."
            )
    return found


def dated(files: Sequence[Path], labelled: Mapping[Path, datetime], zone: ZoneInfo) -> list[Importable]:
    """The files with their times: by label, else by name, the repeated hour of autumn resolved."""
    named = {path: at for path in files if path not in labelled and (at := time_of_name(path.stem))}
    local = [path for path, at in named.items() if at.tzinfo is None]
    stamps = [Stamp(named[path], datetime.fromtimestamp(path.stat().st_mtime, UTC)) for path in local]
    instants = dict(zip(local, resolve(stamps, zone), strict=True))
    for certainty, count in Counter(each.certainty for each in instants.values()).items():
        if certainty in REMARKS:
            log.warning("%d pictures %s", count, REMARKS[certainty])
    found = []
    for path in files:
        if path in labelled:
            found.append(Importable(path, labelled[path], "labels"))
        elif path in instants:
            found.append(Importable(path, instants[path].at, "name", instants[path].or_else_at))
        else:
            at = named.get(path)
            found.append(Importable(path, at, "name" if at else "unknown"))
    return found


def read_label_times(labels: Path, settings: Settings) -> dict[str, datetime]:
    """The times in a CSV with columns `file` and `timestamp`, by file; local where no zone is written.

    Raises:
        SettingsError: A column is missing or a time can't be read; the message names the line.
    """
    try:
        text = labels.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{labels} is not written in UTF-8. Save it anew with that encoding.") from error
    times = {}
    rows = csv.DictReader(io.StringIO(text))
    if not {"file", "timestamp"} <= set(rows.fieldnames or ()):
        raise SettingsError(
            f"{labels} needs the columns file and timestamp in its first line, a comma between them."
        )
    for row in rows:
        if not row["timestamp"] or not row["file"]:
            continue
        try:
            at = datetime.fromisoformat(row["timestamp"])
            taken_at = (at if at.tzinfo else at.replace(tzinfo=settings.zone)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise SettingsError(
                f"{labels} line {rows.line_num}: {row['timestamp']!r} is no ISO 8601 time, "
                "like 2026-11-22T04:01:30Z."
            ) from error
        times[PurePosixPath(row["file"].replace("\\", "/")).as_posix()] = taken_at
    return times


def _arrivals(
    settings: Settings, files: Sequence[Importable], camera: str, zone: ZoneInfo, passed_over: list[OSError]
) -> Iterator[Arrival]:
    """The files as arrivals, one at a time: a batch of large pictures would not fit the memory."""
    for each in files:
        if _is_picture_sized(each.path):
            try:
                data = each.path.read_bytes()
            except OSError as error:
                if error.errno not in UNREADABLE:
                    raise
                passed_over.append(_named(error, each.path))
            else:
                yield _arrival(each, data, camera, zone, settings.archive)


def _arrival(file: Importable, data: bytes, camera: str, zone: ZoneInfo, archive: Path) -> Arrival:
    if file.or_else_at is not None:
        # A copy of the folder may have lost what told the pass: the same picture keeps its key.
        earlier = arrival_from_file(file.path, data, camera, (file.or_else_at, file.time_source), zone)
        if (archive / earlier.key).exists():
            return earlier
    told = (file.taken_at, file.time_source) if file.taken_at else None
    return arrival_from_file(file.path, data, camera, told, zone)


def _is_picture_sized(path: Path) -> bool:
    size = path.stat().st_size
    if size <= LARGEST_BYTES:
        return True
    log.warning("%s has %d MB: no picture; it stays where it is", in_words(path), size // 1_000_000)
    return False


def _files(directory: Path, pattern: str) -> list[Path]:
    found = []
    for path in sorted(directory.rglob(pattern)):
        with suppress(PermissionError):  # its folder is told of
            if path.is_file() and path.name != LABELS and not path.name.startswith("."):
                found.append(path)
    return found


def _closed_folders(directory: Path) -> list[OSError]:
    """Why which folders below this one can't be looked into."""
    closed: list[OSError] = []
    for folder, _, _ in os.walk(directory, onerror=closed.append):
        if not os.access(folder, os.X_OK, effective_ids=True):
            closed.append(PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder))
    return closed


def _reading_fault(path: Path) -> OSError | None:
    """Why a file can't be read to its end, where trying again is of no use; None where it can."""
    try:
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
    except OSError as error:
        if error.errno not in UNREADABLE:
            raise
        return _named(error, path)
    return None


def _named(error: OSError, path: Path) -> OSError:
    return OSError(error.errno, error.strerror, path)


def _tell_passed_over(faults: Sequence[OSError]) -> None:
    if faults:
        log.warning(
            "%d files or folders are passed over, like %s: %s. Let this user read them, or copy them anew, "
            "and import once more: what has come already does not come twice.",
            len(faults), in_words(Path(faults[0].filename)), faults[0].strerror,
        )  # fmt: skip
