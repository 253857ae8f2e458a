"""The name of a picture, from the camera to the archive: the contract between agent and server."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_CAMERA = r"[a-z0-9][a-z0-9_-]{0,40}"
_SEQUENCE = r"[0-9]{6,18}|i[0-9a-f]{8}"
_TWIN_AND_EXTENSION = r"(?:~(?P<twin>[0-9a-f]{8}))?\.(?P<extension>jpg|jpeg|png|bmp|webp|gif|tiff?)"

_CAMERA_NAME = re.compile(_CAMERA)
_SYNCED = re.compile(
    rf"images/(?P<camera>{_CAMERA})/(?P<date>[0-9]{{8}})/(?P=date)_(?P<time>[0-9]{{6}})Z"
    rf"_(?P<sequence>{_SEQUENCE}){_TWIN_AND_EXTENSION}"
)
_UNSYNCED = re.compile(
    rf"images/(?P<camera>{_CAMERA})/unsynced/u(?P<boot>[0-9a-f]{{8}})_(?P<boot_ms>0|[1-9][0-9]{{0,17}})"
    rf"_(?P<sequence>{_SEQUENCE}){_TWIN_AND_EXTENSION}"
)
_ORIGINAL = re.compile(rf"images/(?P<date>[0-9]{{8}})_(?P<time>[0-9]{{6}}){_TWIN_AND_EXTENSION}")


@dataclass(frozen=True, slots=True)
class PictureKey:
    """A picture's name taken apart; exactly one of `taken_at`, `taken_local` and `boot_ms` is set.

    Attributes:
        camera: None for the original's flat names, which don't say.
        taken_at: UTC, whole seconds.
        taken_local: naive wall-clock time at the camera: the original's names, zone unknown.
        boot: first 8 hex digits of the boot id, of a picture whose clock was not synchronised.
        boot_ms: milliseconds since that boot.
        sequence: the camera's counter (digits) or `i<hash8>` of an imported picture; None in flat names.
        twin: first 8 hex digits of the content hash, when other bytes already had the name.
        extension: a hint only; the type of a picture is sniffed.
    """

    camera: str | None
    taken_at: datetime | None = None
    taken_local: datetime | None = None
    boot: str | None = None
    boot_ms: int | None = None
    sequence: str | None = None
    twin: str | None = None
    extension: str = "jpg"

    @property
    def is_local_time(self) -> bool:
        """Whether the time of the picture is only known as the camera's wall clock showed it."""
        return self.taken_local is not None

    @property
    def is_imported(self) -> bool:
        """Whether the picture came from a folder of existing pictures, not from a camera of ours."""
        return self.sequence is not None and self.sequence.startswith("i")


def parse_picture_key(key: str) -> PictureKey | None:
    """The parts of a key, or None when it does not follow the contract."""
    if (match := _SYNCED.fullmatch(key)) and (taken := _time_of(match)):
        return PictureKey(
            camera=match["camera"],
            taken_at=taken.replace(tzinfo=UTC),
            sequence=match["sequence"],
            twin=match["twin"],
            extension=match["extension"],
        )
    if match := _UNSYNCED.fullmatch(key):
        return PictureKey(
            camera=match["camera"],
            boot=match["boot"],
            boot_ms=int(match["boot_ms"]),
            sequence=match["sequence"],
            twin=match["twin"],
            extension=match["extension"],
        )
    if (match := _ORIGINAL.fullmatch(key)) and (taken := _time_of(match)):
        return PictureKey(camera=None, taken_local=taken, twin=match["twin"], extension=match["extension"])
    return None


def format_picture_key(picture: PictureKey) -> str:
    """The key of a picture.

    Raises:
        ValueError: the parts are not those of any key, for example a camera's name with a slash.
    """
    ending = f"{'~' + picture.twin if picture.twin else ''}.{picture.extension}"
    if picture.taken_at is not None:
        date, time = _date_and_time(picture.taken_at)
        key = f"images/{picture.camera}/{date}/{date}_{time}Z_{picture.sequence}{ending}"
    elif picture.taken_local is not None:
        date, time = _date_and_time(picture.taken_local)
        key = f"images/{date}_{time}{ending}"
    else:
        name = f"u{picture.boot}_{picture.boot_ms}_{picture.sequence}{ending}"
        key = f"images/{picture.camera}/unsynced/{name}"
    if parse_picture_key(key) != picture:
        message = f"{picture} has no key: {key!r} would not give it back"
        raise ValueError(message)
    return key


def synced_key(camera: str, taken_at: datetime, sequence: int, extension: str = "jpg") -> str:
    """The key of a camera's picture whose clock could be trusted; `taken_at` is tz-aware."""
    return format_picture_key(
        PictureKey(
            camera=check_camera_name(camera),
            taken_at=_whole_utc_second(taken_at),
            sequence=f"{sequence:06d}",
            extension=extension,
        )
    )


def unsynced_key(camera: str, boot_id: str, boot_ms: int, sequence: int, extension: str = "jpg") -> str:
    """The key of a camera's picture whose clock could not be trusted; the server finds its time."""
    return format_picture_key(
        PictureKey(
            camera=check_camera_name(camera),
            boot=boot_id.replace("-", "")[:8].lower(),
            boot_ms=boot_ms,
            sequence=f"{sequence:06d}",
            extension=extension,
        )
    )


def imported_key(camera: str, taken_at: datetime, content_sha256: str, extension: str = "jpg") -> str:
    """The key of an existing picture: the same bytes of the same instant always get the same one."""
    return format_picture_key(
        PictureKey(
            camera=check_camera_name(camera),
            taken_at=_whole_utc_second(taken_at),
            sequence=f"i{content_sha256[:8]}",
            extension=extension,
        )
    )


def twin_key(key: str, content_hash: str) -> str:
    """The name for bytes whose own name is taken by others: `…~<hash8>` before the extension."""
    folder, slash, name = key.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    return f"{folder}{slash}{stem}~{content_hash[:8]}{dot}{extension}"


def names_of(key: str, content_hash: str) -> tuple[str, str]:
    """The plain name and the twin's of bytes that came under either.

    They may arrive under both, when a camera sends them again after its power was cut.
    """
    folder, slash, name = key.rpartition("/")
    plain = f"{folder}{slash}{name.replace(f'~{content_hash[:8]}', '')}"
    return plain, twin_key(plain, content_hash)


def check_camera_name(name: str) -> str:
    """The name itself.

    Raises:
        ValueError: it could not stand in a key.
    """
    if not _CAMERA_NAME.fullmatch(name):
        message = f"{name!r} is no name for a camera: use a-z, 0-9, '-' and '_', 41 at most"
        raise ValueError(message)
    return name


def _time_of(match: re.Match[str]) -> datetime | None:
    text = match["date"] + match["time"]
    try:
        return datetime(  # noqa: DTZ001 - the caller knows the zone, or that there is none
            int(text[:4]), int(text[4:6]), int(text[6:8]), int(text[8:10]), int(text[10:12]), int(text[12:])
        )
    except ValueError:
        return None


def _date_and_time(at: datetime) -> tuple[str, str]:
    # strftime("%Y") does not pad years on every platform
    return f"{at.year:04d}{at.month:02d}{at.day:02d}", f"{at.hour:02d}{at.minute:02d}{at.second:02d}"


def _whole_utc_second(at: datetime) -> datetime:
    if at.tzinfo is None:
        message = f"{at} has no time zone: keys of pictures are in UTC"
        raise ValueError(message)
    return at.astimezone(UTC).replace(microsecond=0)
