"""Backup: what the archive holds for certain may leave the store; nothing else ever does."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefect.artifacts import create_table_artifact

from raspi_agent import durable
from raspi_agent.open_store import open_store
from raspi_agent.store import Revision, RevisionGone, Store
from tasks.agent_files import is_agents, provably_kept
from tasks.custody import (
    Fate,
    Held,
    Policy,
    copies_by_store_key,
    decide,
    pictures_named,
    read_back,
    restored_at,
    sha256_of,
)
from tasks.settings import Settings
from tasks.step import LISTING_S, step

log = logging.getLogger(__name__)
BATCH = 256


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """The pictures of the store with their fates, and agents' reports and logs.

    Attributes:
        held: The pictures.
        agent_files: The reports and logs.
    """

    held: tuple[Held, ...]
    agent_files: tuple[Revision, ...] = ()

    def of(self, fate: Fate) -> list[Held]:
        """Those with this fate, oldest key first."""
        return [each for each in self.held if each.fate is fate]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a backup did, in pictures and bytes.

    Attributes:
        freed: Verified in the archive and gone from the store.
        replaced: Other bytes had their name by then; the store still has these.
        mended: The archive's copy was missing or damaged and was fetched anew; the next backup looks again.
        unproven: The archive has no copy with the same bytes; the store keeps them.
        freed_bytes: How much room was made.
    """

    freed: int = 0
    replaced: int = 0
    mended: int = 0
    unproven: int = 0
    freed_bytes: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.freed + other.freed,
            self.replaced + other.replaced,
            self.mended + other.mended,
            self.unproven + other.unproven,
            self.freed_bytes + other.freed_bytes,
        )


@step(timeout_s=LISTING_S)
def plan_backup(settings: Settings, keep_days: float, grace_hours: float) -> BackupPlan:
    """What would become of every picture in the store now; nothing is changed."""
    # Without a cursor: a deletion rests on all that is there now, not on what was news once.
    listing = open_store(settings.store.url, settings.home).list()
    policy = Policy(timedelta(days=keep_days), timedelta(hours=grace_hours))
    restored = restored_at(settings.home)
    agent_files = tuple(each for each in listing.revisions if is_agents(each.key))
    pictures_held = [each for each in listing.revisions if not is_agents(each.key)]
    copies = copies_by_store_key(pictures_named(settings.warehouse, pictures_held), settings.store.url)
    held = decide(pictures_held, copies, policy, datetime.now(UTC), restored)
    counts = Counter(each.fate.value for each in held)
    log.info("the store holds %d pictures: %s", len(held), dict(counts))
    return BackupPlan(tuple(held), agent_files)


@step(timeout_s=3600)
def verify_batch(settings: Settings, held: Sequence[Held]) -> Outcome:
    """Read the archive's copies back without deleting anything: what a backup would do with these."""
    outcome = Outcome()
    for each in held:
        if read_back(each, settings.archive):
            outcome = replace(
                outcome, freed=outcome.freed + 1, freed_bytes=outcome.freed_bytes + each.revision.size
            )
        else:
            log.warning(
                "%s stays in the store: the archive has no copy with the same bytes", each.revision.key
            )
            outcome = replace(outcome, unproven=outcome.unproven + 1)
    return outcome


@step(timeout_s=3600)
def free_batch(settings: Settings, held: Sequence[Held]) -> Outcome:
    """Read each copy back from the disk, and only then delete exactly that revision in the store."""
    store = open_store(settings.store.url, settings.home)
    outcome = Outcome()
    for each in held:
        outcome += free_one(store, each, settings.archive)
    log.info("%d pictures left the store, up to %s", outcome.freed, held[-1].revision.key if held else "none")
    return outcome


@step(timeout_s=3600)
def free_agent_files(settings: Settings, revisions: Sequence[Revision], grace_hours: float) -> int:
    """Delete reports and logs in the store that the home folder proves to have; return how many went."""
    store = open_store(settings.store.url, settings.home)
    grace = timedelta(hours=grace_hours)
    kept = [each for each in revisions if provably_kept(settings.home, each, grace)]
    freed = sum(store.delete(each) for each in kept)
    log.info("%d reports and logs of agents left the store, %d stay", freed, len(revisions) - freed)
    return freed


def free_one(store: Store, held: Held, archive: Path) -> Outcome:
    """Free the store of one revision if the archive proves to have it.

    It may be repeated after a kill at any moment: the archive is only read before, and a revision that is
    gone already counts as freed.
    """
    revision = held.revision
    if read_back(held, archive) is None:
        return _mend(store, held, archive)
    if store.delete(revision):
        log.debug("%s (revision %s) left the store", revision.key, revision.revision)
        return Outcome(freed=1, freed_bytes=revision.size)
    log.warning(
        "%s has other bytes in the store by now and stays; the next ingest fetches them", revision.key
    )
    return Outcome(replaced=1)


def _mend(store: Store, held: Held, archive: Path) -> Outcome:
    """Fetch a revision anew whose archived copy is bad, where its row vouches for the bytes."""
    try:
        data = store.fetch(held.revision)
    except RevisionGone:
        return Outcome(replaced=1)
    digest = sha256_of(data)
    copy = next((copy for copy in held.copies if copy.content_sha256 == digest), None)
    if copy is None:
        log.warning("%s stays in the store: the archive has other bytes under its name", held.revision.key)
        return Outcome(unproven=1)
    target = archive / copy.picture_key
    durable.make_folder(target.parent)
    durable.replace(target, data)
    log.warning("%s was missing or damaged in the archive and has been fetched anew", copy.picture_key)
    return Outcome(mended=1)


@step(timeout_s=60)
def report_backup(settings: Settings, plan: BackupPlan, outcome: Outcome, *, dry_run: bool) -> dict[str, int]:
    """The run in numbers, also as an artifact for the UI."""
    space = open_store(settings.store.url, settings.home).space()
    counts = Counter(each.fate for each in plan.held)
    summary = {
        "in_store": len(plan.held),
        "would_free" if dry_run else "freed": outcome.freed,
        "newest": counts[Fate.NEWEST],
        "in_grace": counts[Fate.GRACE],
        "not_archived": counts[Fate.NOT_ARCHIVED],
        "foreign": counts[Fate.FOREIGN],
        "replaced": outcome.replaced,
        "mended": outcome.mended,
        "unproven": outcome.unproven,
        "freed_bytes": outcome.freed_bytes,
        "used_bytes": space.used_bytes,
    }
    if space.total_bytes is not None:
        summary["free_bytes"] = max(space.total_bytes - space.used_bytes, 0)
    rows = [{"what": name.replace("_", " "), "number": count} for name, count in summary.items()]
    title = "What a backup would do" if dry_run else "What the last backup did"
    create_table_artifact(key="backup", table=rows, description=title)
    return summary
