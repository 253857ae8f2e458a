"""The files of the site: written whole, pictures without metadata, and nothing that no page links to."""

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from urllib.parse import quote

from tasks.kept_windows import picture_file
from tasks.strip_metadata import without_metadata

FINGERPRINT = re.compile(rb'<meta name="smartmeter-data" content="([0-9a-f]+)">')
PAGE_HEAD = b"default-src 'none'; script-src"
HEAD_BYTES = 2000
OTHER_PAGES = ("index", "system")
MONTH_NAME = re.compile(r"((?P<meter>.+)-)?[0-9]{4}-[0-9]{2}")


def picture_url(key: str) -> str:
    """Where the page finds a picture, relative to the site."""
    return quote(f"pictures/{key.removeprefix('images/')}")


def page_names(meters: list[str]) -> dict[str, str]:
    """The file of each meter's page: the first one is the index, and none is another page's file."""
    further = {
        each: f"{each}.meter.html" if _is_taken(each, meters) else f"{each}.html" for each in meters[1:]
    }
    return dict.fromkeys(meters[:1], "index.html") | further


def _is_taken(meter: str, meters: list[str]) -> bool:
    """Whether a meter's name is that of a page of another kind: index, cameras, or another meter's month."""
    of_month = MONTH_NAME.fullmatch(meter)
    return meter in OTHER_PAGES or (of_month is not None and of_month["meter"] in (None, *meters[1:]))


def copy_pictures(keys: Iterable[str], archive: Path, site: Path) -> None:
    """Show these archived pictures on the site; copies without metadata, for the site may be passed on."""
    for key in keys:
        target = site / "pictures" / key.removeprefix("images/")
        source = picture_file(archive, key)
        if not target.exists() and source is not None:
            data = source.read_bytes()
            write_whole(target, without_metadata(data) or data)


def remove_others(keys: set[str], site: Path) -> None:
    """Take pictures off the site that no page links to any more; the archive keeps them."""
    kept = {site / "pictures" / key.removeprefix("images/") for key in keys}
    remove_all_but(kept, site / "pictures")


def remove_all_but(kept: set[Path], folder: Path) -> None:
    """Remove every other file of a folder."""
    for path in folder.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()


def remove_pages(meters: set[str], kept: set[str], folder: Path) -> None:
    """Remove the pages of meters and of their months from a folder, as far as they are SmartMeter's.

    Args:
        meters: names of all that ever were.
        kept: files of the pages that stay.
        folder: the site, or a web server's folder, in which people may have files of their own.
    """
    for path in folder.glob("*.html"):
        of_month = MONTH_NAME.fullmatch(path.stem)
        meter = (of_month["meter"] if of_month else path.stem) or "index"
        is_named = meter.removesuffix(".meter") in {*meters, "index"} or path.stem in meters
        if is_named and path.name not in kept and path.is_file() and PAGE_HEAD in head_of(path):
            path.unlink()


def head_of(path: Path) -> bytes:
    """How a file begins."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(data)
    draft.replace(path)


def fingerprint_of(path: Path) -> str | None:
    """What a page was made of; None when it is not there."""
    try:
        found = FINGERPRINT.search(head_of(path))
    except FileNotFoundError:
        return None
    return found[1].decode() if found else None


@cache
def code_mark() -> str:
    """A hash of the code that draws pages: a new version draws them anew."""
    folder = Path(__file__).with_name("reports")
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()
