"""Doctor: every part of an installation looked at, each finding with its remedy."""

import shlex
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from models.recognizer import load_recognizer
from models.rendering.meter import MeterFace, draw_frame, register_corners
from models.window import Window, cut_window
from raspi_agent.finding import Finding, fault, ok, warning, within
from tasks.examine_prefect import UP, examine_prefect
from tasks.examine_settings import examine_digits, examine_media, examine_readings, examine_schedule
from tasks.home_archive import archives_in
from tasks.looking import limits_of, look_around, look_at_store
from tasks.server_clock import CLOCK_UNSET, UNKNOWN, kernel_clock_state
from tasks.settings import Settings
from tasks.watching.book_file import read_book
from tasks.watching.channels import ChannelError, load_channels
from tasks.watching.facts import CameraFacts, Seen
from tasks.watching.faults import Fault
from tasks.watching.home_rules import due_before
from tasks.watching.rules import find_incidents
from tasks.watching.wording import local, size, span
from warehouse.connection import open_warehouse
from warehouse.errors import WarehouseError
from warehouse.migrate import pending_migrations

OTHERS_MAY = 0o077
OLD_BACKUP = timedelta(days=15)
STORE_S, READER_S, PREFECT_S = 60.0, 120.0, 30.0
DRAWN = MeterFace(digits=7, decimals=1, seed=7)
DRAWN_UNITS = 361_097


def examine(settings: Settings) -> Iterator[Finding]:
    """The findings about an installation, each as soon as it is known; nothing is changed by looking.

    Args:
        settings: Of the installation; they are usable, or there would be none.
    """
    yield from examine_schedule(settings)
    yield from examine_media(settings)
    yield from examine_digits(settings)
    yield from looked_at("secrets", lambda: [examine_secrets(settings.home)])
    yield from looked_at("alerts", lambda: [examine_alerts(settings)])
    yield from looked_at("disk", lambda: [examine_disk(settings)])
    yield examine_clock()
    yield within(STORE_S, "store", lambda: examine_store(settings), "Look at the network, or at the share.")
    yield from looked_at("warehouse", lambda: [examine_warehouse(settings)])
    yield from looked_at("readings", lambda: examine_readings(settings))
    yield from looked_at("camera", lambda: examine_cameras(settings))
    yield within(
        READER_S, "reader", lambda: examine_reader(settings), "Set the project up anew: make setup (weights)."
    )
    yield within(PREFECT_S, "prefect", lambda: examine_prefect(settings), UP)
    yield from looked_at("report", lambda: [examine_report(settings)])
    yield from looked_at("backups", lambda: [examine_backups(settings)])
    yield from looked_at("watch", lambda: [examine_open_incidents(settings)])


def looked_at(name: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """The findings of a check; that this user may not look is one too."""
    try:
        yield from check()
    except OSError as error:
        yield fault(name, str(error), "Run this as the user whose home folder it is.")


def examine_secrets(home: Path) -> Finding:
    """Whether only the owner may read what is secret."""
    folder = home / "secrets"
    has_any = folder.is_dir() and any(folder.iterdir())  # iterdir complains where rglob sees nothing
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()] if has_any else []
    open_files = [path for path in files if stat.S_IMODE(path.stat().st_mode) & OTHERS_MAY]
    if open_files:
        names = ", ".join(path.name for path in open_files)
        return fault("secrets", f"others may read {names}", f"chmod 600 {shlex.join(map(str, open_files))}")
    return ok("secrets", f"{len(files)} files, readable by their owner alone" if files else "none are kept")


def examine_alerts(settings: Settings) -> Finding:
    """Whether anybody is told."""
    try:
        found, troubles = load_channels(settings.home)
    except ChannelError as error:
        return fault("alerts", str(error), "Then try: smartmeter watch --test")
    if troubles:
        sentence = "; ".join(f"{place}: {trouble}" for place, trouble in troubles.items())
        return fault("alerts", sentence, "Mend it; the others are told. Then try: smartmeter watch --test")
    channels = [each.name for each in found]
    channels += [settings.alerts.prefect_block] if settings.alerts.prefect_block else []
    if not channels:
        return warning(
            "alerts", "nobody is told when something is wrong", "docs/watch.md: one line is enough."
        )
    ping = "" if settings.alerts.ping_url else "; no ping outward tells when this machine itself dies"
    return ok("alerts", f"told through {', '.join(channels)}{ping}")


def examine_disk(settings: Settings) -> Finding:
    """Whether there is room."""
    disk = shutil.disk_usage(settings.home)
    found = f"{size(disk.free)} of {size(disk.total)} free"
    if disk.free < limits_of(settings).free_share * disk.total:
        return fault("disk", found, "Free room; smartmeter backup --prune-archive thins old pictures.")
    return ok("disk", found)


def examine_clock() -> Finding:
    """Whether the kernel says that a time server sets this machine's clock."""
    state = kernel_clock_state()
    if state == CLOCK_UNSET:
        return warning(
            "clock",
            "no time server sets this machine's clock",
            "timedatectl set-ntp true, or install chrony.",
        )
    return ok("clock", "set by a time server" if state != UNKNOWN else "nothing tells whether it is right")


def examine_store(settings: Settings) -> Finding:
    """Whether the store answers."""
    store = look_at_store(settings, None)
    if store.trouble is not None:
        remedy = (
            "smartmeter link-dropbox"
            if store.refused and store.url.startswith("dropbox:")
            else ("Look at [store] in smartmeter.toml, the network and the share.")
        )
        return fault("store", f"{store.url}: {store.trouble}", remedy)
    used = size(store.used_bytes or 0)
    total = f" of {size(store.total_bytes)}" if store.total_bytes else ""
    return ok("store", f"{store.url} answers; {used}{total} in it")


def examine_warehouse(settings: Settings) -> Finding:
    """Whether the warehouse opens and is of this program's version."""
    if not settings.warehouse.exists():
        return warning("warehouse", "there is none yet", "The first ingest makes it: smartmeter ingest")
    remedy = "Bring it back: smartmeter restore-home. Or move it away; an ingest builds it from the archive."
    try:
        with open_warehouse(settings.warehouse, read_only=True, wait_s=10) as warehouse:
            pending = pending_migrations(warehouse)
    except WarehouseError as error:
        return fault("warehouse", str(error), remedy)
    except Exception as error:  # noqa: BLE001 - a file may be a database and no warehouse
        return fault("warehouse", f"{settings.warehouse} is no warehouse ({type(error).__name__})", remedy)
    if any(name.startswith("newer: ") for name in pending):
        return fault("warehouse", "a newer version of SmartMeter has written it", "Install that version.")
    if pending:
        return warning("warehouse", f"{len(pending)} migrations are due", "The next ingest applies them.")
    return ok("warehouse", f"opens, schema is current, {size(settings.warehouse.stat().st_size)}")


def examine_cameras(settings: Settings) -> Iterator[Finding]:
    """Each camera's last picture, and whatever is wrong with it or its registers."""
    seen = look_around(settings, None, STORE_S)
    faults = {each.fault_id: each for each in find_incidents(seen, limits_of(settings)).faults}
    for camera in seen.cameras or ():
        yield _finding_of_camera(camera, seen, settings, faults)
    for name, each in faults.items():
        if name.partition(":")[0] in {
            "unread",
            "frozen",
            "base-load",
            "clock",
            "card",
            "outbox",
            "restarts",
            "power",
            "hot",
        }:
            yield fault(name.partition(":")[0], each.sentence, each.remedy)


def examine_reader(settings: Settings) -> Finding:
    """Whether the model loads and reads a drawn counter."""
    reader = load_recognizer(settings.reader.model, settings.reader.engine)
    window = cut_window(draw_frame(DRAWN, float(DRAWN_UNITS), seed=1), Window(register_corners(DRAWN)))
    found = reader.read([window], digits=DRAWN.digits)[0]
    text = found.best.text if found.best else f"nothing ({found.reason})"
    if text != f"{DRAWN_UNITS:0{DRAWN.digits}d}":
        return fault(
            "reader",
            f"{reader.name} reads a drawn 0361097 as {text}",
            'Use model = "builtin" under [reader].',
        )
    return ok("reader", f"{reader.name} {reader.version} reads a drawn counter right")


def examine_report(settings: Settings) -> Finding:
    """Whether the report is fresh."""
    if not settings.page.exists():
        return warning("report", "there is none yet", "smartmeter ingest, or smartmeter report")
    written_at = datetime.fromtimestamp(settings.page.stat().st_mtime, UTC)
    age, limits = datetime.now(UTC) - written_at, limits_of(settings)
    due_at = due_before(limits.ingest_schedule, datetime.now(UTC) - limits.ingest)
    if due_at is not None and written_at < due_at:
        return fault("report", f"it is {span(age)} old", "See prefect above; or now: smartmeter ingest")
    return ok("report", f"written {span(age)} ago")


def examine_backups(settings: Settings) -> Finding:
    """Whether there is a fresh archive of the home folder."""
    folder = settings.backups
    archives = archives_in(folder)
    remedy = "smartmeter backup --warehouse; the schedule keep_home does it every Sunday."
    if not archives:
        return warning("backups", f"no archive of the home folder lies in {folder}", remedy)
    age = datetime.now(UTC) - datetime.fromtimestamp(archives[-1].stat().st_mtime, UTC)
    if age > OLD_BACKUP:
        return warning("backups", f"the newest archive is {span(age)} old", remedy)
    return ok("backups", f"{len(archives)} archives, the newest {span(age)} old")


def examine_open_incidents(settings: Settings) -> Finding:
    """What the watch has told and is not over."""
    told = sorted(read_book(settings.home).told)
    if told:
        return warning("watch", f"open: {', '.join(told)}", "smartmeter watch --list says what to do.")
    return ok("watch", "no incident is open")


def _finding_of_camera(
    camera: CameraFacts, seen: Seen, settings: Settings, faults: dict[str, Fault]
) -> Finding:
    silent = faults.get(f"silent:{camera.camera}")
    if silent is not None:
        return fault("camera", silent.sentence, silent.remedy)
    if not camera.taken_at:
        return warning(
            "camera",
            f"{camera.camera}: no picture has arrived yet",
            f"It puts them into the store as images/{camera.camera}/...; then: smartmeter ingest",
        )
    last_at = camera.taken_at[-1]
    report = f"; its agent reported {span(seen.now_at - camera.health[-1].at)} ago" if camera.health else ""
    return ok("camera", f"{camera.camera}: last picture {local(last_at, settings.zone)}{report}")
