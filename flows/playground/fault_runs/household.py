"""A household with a camera, a store and a server, in which everything goes wrong that can."""

import errno
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flows.playground.dropbox_emulator.server import DropboxEmulator
from flows.playground.fault_runs.cupboard import CAMERA, Cupboard, without_facts
from flows.playground.fault_runs.power import ForgetfulDisk, Halt
from flows.playground.fault_runs.rules import LaxDropbox, LaxFolder, Rule
from raspi_agent.capture_facts import read_facts
from raspi_agent.content_hash import content_hash
from raspi_agent.store import Revision, Store, StoreError, StoreUnavailable
from raspi_agent.upload import upload_waiting
from tasks.archive import DRAFTS, arrival_from_store, keep, sweep_drafts
from tasks.backup import free_one
from tasks.custody import Copy, Fate, Held
from tasks.download import download

PEACE_ROUNDS = 3
_ROUTES = (
    "*",
    "files/upload",
    "files/download",
    "files/delete_v2",
    "files/list_folder",
    "files/list_folder/continue",
)
_TROUBLES: tuple[dict[str, Any], ...] = (
    {"lose_reply": True},
    {"flip_bit": True},
    {"cut_after": 5},
    {"status": 500},
    {"status": 429, "headers": {"Retry-After": "0", "Content-Type": "text/plain"}},
    {"status": 200, "body": b"<html>login</html>", "headers": {"Content-Type": "text/html"}},
)


@dataclass(slots=True)
class Report:
    """What some rounds did to the pictures.

    Attributes:
        promised: pictures that somebody was promised.
        lost: of these, how many were nowhere whole after some round.
        doubled: at the end, how many were in the archive twice.
        broken: at the end, how many there nobody has ever offered like that.
        slots_twice: how often a slot got two pictures.
        left_behind: at the end, what lay where nothing should be.
        happened: how often each kind of trouble struck.
    """

    promised: int = 0
    lost: int = 0
    doubled: int = 0
    broken: int = 0
    slots_twice: int = 0
    left_behind: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        """Nothing lost, doubled, broken or left behind, and no slot with two pictures."""
        return not (self.lost or self.doubled or self.broken or self.slots_twice or self.left_behind)


class Household:
    """The camera, the store, the server, and what they owe each other."""

    def __init__(
        self,
        disk: ForgetfulDisk,
        chance: random.Random,
        emulator: DropboxEmulator | None,
        without: Rule | None,
    ) -> None:
        self.disk, self.chance, self.emulator, self.without = disk, chance, emulator, without
        self.report = Report()
        self.cupboard = Cupboard(disk.root / "outbox", chance, without, self.report.happened)
        self.outbox = self.cupboard.outbox
        self.archive = disk.root / "archive"
        self.rows: dict[tuple[str, str], Copy] = {}  # (store key, revision): the warehouse, which is durable
        self.cursor: str | None = None
        self.promised: set[str] = set()
        self.foreign: set[str] = set()
        self.peace = False
        self.away_rounds = 0
        self.stores: dict[str, Store] = {}
        if emulator is not None:
            emulator.link(disk.root.parent / "home")

    def live_through_a_round(self) -> None:
        """Take, upload, fetch and free, each of which may be cut short; then look for every picture."""
        self.cupboard.next_round()
        self._cut_the_line()
        for part in (self.take, self.upload, self.fetch, self.free):
            with self._in_danger(part.__name__):
                part()
        self._look_for_everything()

    def end_in_peace(self) -> None:
        """Rounds without trouble, after which everything must be in the archive and only there."""
        self.peace = self.cupboard.peace = True
        self.away_rounds = 0
        for _ in range(2):  # what the last cut brings back is dealt with too
            self._restart(power_was_cut=True)
            for _ in range(PEACE_ROUNDS):
                self.live_through_a_round()
        self.outbox.sweep()
        sweep_drafts(self.archive, older_than_s=-1)
        self.report.promised = len(self.promised)
        pictures = [path.read_bytes() for path in files_below(self.archive)]
        archived = Counter(content_hash(data) for data in pictures)
        self.report.lost += len(self.promised - archived.keys())
        self.report.doubled = sum(count - 1 for count in archived.values())
        self._judge(pictures)
        outbox = files_below(self.disk.root / "outbox", skip=("sent",))
        self.report.left_behind = [
            *(f"in the store: {revision.key}" for revision in self._store("server").list().revisions),
            *(f"in the outbox: {path.name}" for path in outbox if path.suffix),
            *(f"a draft: {path.name}" for path in files_below(self.archive / DRAFTS)),
        ]

    def take(self) -> None:
        """Photograph now and then; the camera's card is cleared now and then."""
        for data in self.cupboard.take():
            self.promise(data)
        if self.chance.random() < 0.2:  # noqa: PLR2004 - now and then the card is full
            self.cupboard.make_room()

    def upload(self) -> None:
        """Send what waits."""
        self.outbox.sweep()
        store = self._store("agent")
        if self.without is Rule.CONFIRMED_FIRST:
            for key in self.outbox.waiting():
                data = self.outbox.read(key)
                self.outbox.mark_sent(key)
                store.add(key, data)
        else:
            upload_waiting(self.outbox, store)
        self.cupboard.make_room()

    def fetch(self) -> None:
        """Archive what is new in the store, and note it."""
        store = self._store("server")
        listing = store.list(self.cursor)
        fresh = [each for each in listing.revisions if (each.key, each.revision) not in self.rows]

        def fetch(revision: Revision) -> tuple[Revision, dict[str, object]]:
            data = store.fetch(revision)
            arrival = arrival_from_store(revision.key, data, "store", [CAMERA], ZoneInfo("UTC"))
            return revision, keep(arrival, self.archive, self.cupboard.now_at)

        done = download(fresh, fetch, at_once=1, waits_s=())
        for revision, row in done.kept:
            self.rows[revision.key, revision.revision] = Copy(
                str(row["picture_key"]), None, self.cupboard.now_at, str(row["content_sha256"])
            )
        if not done.left and done.stopped_by is None:
            self.cursor = listing.cursor

    def free(self) -> None:
        """Free the store of what the archive is proved to have."""
        store = self._store("server")
        for revision in store.list().revisions:
            copy = self.rows.get((revision.key, revision.revision))
            if copy is None:
                continue
            self._let_it_rot(copy)
            self.let_others_write("files/delete_v2", revision.key, 0.15)
            if self.without is Rule.READ_BACK:
                store.delete(revision)
            else:
                free_one(store, Held(revision, (copy,), Fate.FREE), self.archive)

    def _store(self, side: str) -> Store:
        if self.away_rounds:
            raise StoreUnavailable("the line is dead")
        if side == "agent" and self.outbox.waiting():
            self.let_others_write("files/upload", self.outbox.waiting()[0], 0.1)
        if side not in self.stores:
            root = self.disk.root
            self.stores[side] = (
                LaxFolder(root / "store", self.without)
                if self.emulator is None
                else LaxDropbox(root.parent / "home", self.without)
            )
        return self.stores[side]

    def let_others_write(self, route: str, key: str, probability: float) -> None:
        """Another client is a moment faster, and what it writes is nobody's to lose either."""
        if self.peace or self.emulator is None or self.chance.random() > probability:
            return
        emulator, data = self.emulator, self.chance.randbytes(50)

        def write() -> None:
            if route == "files/upload" and f"/{key}".lower() in emulator.files.nodes:
                return  # to overwrite what nobody has fetched yet is beyond any protocol
            emulator.files.put(f"/{key}", data)
            self.foreign.add(content_hash(data))
            self.promise(data)

        emulator.fail(route, before=write)
        self.report.happened["another writer"] += 1

    def _let_it_rot(self, copy: Copy) -> None:
        """A disk that gives back other bytes than it was given."""
        path = self.archive / copy.picture_key
        if self.peace or self.chance.random() > 0.05 or not path.is_file():  # noqa: PLR2004
            return
        with path.open("r+b") as file:
            file.write(b"rotten")
        self.report.happened["a rotten file in the archive"] += 1

    @contextmanager
    def _in_danger(self, part: str) -> Iterator[None]:
        if not self.peace:
            self._prepare_trouble(part)
        try:
            with suppress(StoreError):
                yield
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        except Halt:
            power_was_cut = self.chance.random() < 0.6  # noqa: PLR2004
            self._restart(power_was_cut=power_was_cut)
            self.report.happened["a power cut" if power_was_cut else "a kill"] += 1
        finally:
            self.disk.halt_after(None)
            self.disk.is_full = False
            if self.emulator is not None:
                self.emulator.faults.coming.clear()

    def _restart(self, *, power_was_cut: bool) -> None:
        self.disk.revive(power_was_cut=power_was_cut)
        self.stores.clear()
        if power_was_cut:
            self.cupboard.boot()

    def _prepare_trouble(self, part: str) -> None:
        if self.chance.random() < 0.4:  # noqa: PLR2004
            self.disk.halt_after(self.chance.randrange(25))
        elif self.chance.random() < 0.15:  # noqa: PLR2004
            self.disk.is_full = True
            self.report.happened["a full disk"] += 1
        if self.emulator is not None and part != "take" and self.chance.random() < 0.5:  # noqa: PLR2004
            trouble = self.chance.choice(_TROUBLES)
            self.emulator.fail(self.chance.choice(_ROUTES), **trouble)
            self.report.happened["trouble on the line"] += 1
            if self.chance.random() < 0.1:  # noqa: PLR2004
                self.emulator.files.reset_cursors()

    def _cut_the_line(self) -> None:
        """Now and then the network is gone for days."""
        self.away_rounds = max(0, self.away_rounds - 1)
        if not self.peace and not self.away_rounds and self.chance.random() < 0.03:  # noqa: PLR2004
            self.away_rounds = self.chance.randint(3, 12)
            self.report.happened["a line dead for many rounds"] += 1

    def _judge(self, pictures: list[bytes]) -> None:
        """Whether each picture is as it was offered, and the only one of its slot.

        Right after a boot, with a clock that nobody has set, no agent can know that a slot has its picture.
        """
        ours = [facts for data in pictures if (facts := read_facts(data))]
        slots = Counter((facts.boot_id, facts.details.get("round")) for facts in ours)
        self.report.slots_twice = sum(count - 1 for count in slots.values())
        offered = self.cupboard.offered | self.foreign
        self.report.broken = sum(content_hash(without_facts(data)) not in offered for data in pictures)

    def promise(self, data: bytes) -> None:
        """From now on these bytes must be somewhere."""
        self.promised.add(content_hash(data))

    def _look_for_everything(self) -> None:
        present = {content_hash(path.read_bytes()) for path in files_below(self.disk.root, skip=(".trash",))}
        if self.emulator is not None:
            files = self.emulator.files
            present |= {files.file(path).content_hash for path in files.paths()}
        self.report.lost += len(self.promised - present)
        self.promised &= present


def files_below(folder: Path, skip: tuple[str, ...] = (DRAFTS,)) -> list[Path]:
    """Every file below a folder, whose parts are not among those to skip."""
    if not folder.is_dir():
        return []
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and not set(skip) & set(path.relative_to(folder).parts)
    ]
