"""The site's pictures in a web server's folder: SmartMeter takes back what it put there, and nothing else.

What it put there is noted in the home, not in the folder: everybody may read that, and others may tidy it.
"""

import filecmp
import json
import logging
import re
from pathlib import Path, PurePosixPath

from raspi_agent.picture_key import parse_picture_key
from tasks.settings import Settings
from tasks.site_files import fingerprint_of, write_whole

log = logging.getLogger(__name__)

NOTED = "web_files.json"
FOLDERS = ("pictures", "proof")
SMALL_PICTURE = re.compile(
    r"proof/[^/]+/pictures/[^/]*([0-9]{8}_[0-9]{6}|u[0-9a-f]{8}_[0-9]+)[^/]*-(frame|evidence|window)\.jpg"
)
DRAFT = re.compile(r"(^|/)\.([^/]+)\.part$")


def show_pictures(settings: Settings, page: str) -> None:
    """Bring the site's pictures and their pages into the web root, or take them back where none are wanted.

    A web server's disk that is full or away does not hold up readings: it is only told.

    Args:
        settings: of the installation.
        page: file of the page about cameras, which goes with the pictures.
    """
    if settings.web_root is None:
        return
    try:
        _show_pictures(settings, settings.web_root, page)
    except OSError as error:
        log.warning("The pictures in %s are not up to date: %s", settings.web_root, error)


def _show_pictures(settings: Settings, web: Path, page: str) -> None:
    site = settings.site
    wanted = _files_in(site, page) if settings.report.web_pictures else set()
    noted = _noted(settings.home, web)
    found = _files_in(web, page)
    ours = noted | {name for name in found if _whole(name) in noted or _is_ours(name, web, site)}
    # Noted before the work too: a run that is cut short leaves nothing behind that is not known.
    _note(settings.home, web, ours | wanted)
    left = {name for name in ours - wanted if not _taken_back(web / name, site / name)}
    for name in wanted:
        if not _is_same(site / name, web / name):
            write_whole(web / name, (site / name).read_bytes())
    _note(settings.home, web, wanted | left)


def _files_in(folder: Path, page: str) -> set[str]:
    """What may be a picture, or show one, by its path in the folder."""
    paths = [folder / page, *(path for name in FOLDERS for path in (folder / name).rglob("*"))]
    return {path.relative_to(folder).as_posix() for path in paths if path.is_file()}


def _is_ours(name: str, web: Path, site: Path) -> bool:
    """Whether a file that is not noted can only come from here: by its name, its mark, or its bytes.

    Pictures with the original's flat names are not known by them: telephones name theirs alike.
    """
    plain = _whole(name)
    if plain.startswith("pictures/"):
        key = parse_picture_key("images/" + plain.removeprefix("pictures/"))
        known = key is not None and key.camera is not None
    else:
        known = SMALL_PICTURE.fullmatch(plain) is not None
    if known or (name.endswith(".html") and fingerprint_of(web / name) is not None):
        return True
    return (site / name).is_file() and filecmp.cmp(web / name, site / name, shallow=False)


def _whole(name: str) -> str:
    """The name of the file that this one is, or is half of."""
    return DRAFT.sub(r"\1\2", name)


def _taken_back(path: Path, original: Path) -> bool:
    """Remove a file unless it is the site's own, reached by a link; return whether that is done with."""
    try:
        is_original = path.exists() and original.exists() and path.samefile(original)
        if not is_original and (path.is_file() or path.is_symlink()):
            path.unlink()
    except OSError as error:
        log.warning("%s can't be taken back, remove it: %s", path, error)
        return False
    return True


def _is_same(path: Path, copy: Path) -> bool:
    """Whether a copy has the same size and is not older."""
    if not copy.is_file():
        return False
    old, new = path.stat(), copy.stat()
    return old.st_size == new.st_size and old.st_mtime_ns <= new.st_mtime_ns


def _noted(home: Path, web: Path) -> set[str]:
    """What was put into this web root; nothing where the note is missing or damaged."""
    try:
        note = json.loads((home / NOTED).read_text())
        folder, names = note["folder"], {str(name) for name in note["files"]}
    except (OSError, ValueError, TypeError, KeyError):
        return set()
    if folder != str(web):
        if names:
            log.warning("Pictures and pages that were put into %s stay there; remove them by hand.", folder)
        return set()
    return {name for name in names if ".." not in PurePosixPath(name).parts and not name.startswith("/")}


def _note(home: Path, web: Path, names: set[str]) -> None:
    text = json.dumps({"folder": str(web), "files": sorted(names)}, indent=0)
    path = home / NOTED
    if not path.is_file() or path.read_text() != text:
        write_whole(path, text.encode())
