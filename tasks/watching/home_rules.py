"""What is wrong with the server's side: store, ingest, runs, warehouse, disk."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from cronsim import CronSim, CronSimError

from tasks.watching.camera_rules import CLEARLY
from tasks.watching.facts import Run, Seen, StoreFacts
from tasks.watching.faults import KINDS, SETTINGS, Fault, Judgement
from tasks.watching.limits import Limits
from tasks.watching.wording import size, span

# What comes again in minutes may fail once; the next run does its work.
FAILURES = {"ingest/home": 2}
NEED_THE_STORE = frozenset({"run:ingest/home", "run:backup/home"})
# Nobody may ever ask again for what failed: it is not held against this machine for longer.
ASKED_FOR = timedelta(days=1)


def unusable_settings(trouble: str) -> Judgement:
    """What is wrong where the settings can't be used; nothing else can be judged then."""
    fault = Fault(
        SETTINGS,
        "the settings can't be used",
        f"Nothing is fetched, read or shown, for the settings can't be used: {trouble}",
        "Mend smartmeter.toml; the next run goes by it. smartmeter doctor says whether it is good.",
    )
    return Judgement((fault,), frozenset(KINDS) - {SETTINGS})


def judge_store(store: StoreFacts, limits: Limits, told: AbstractSet[str]) -> Judgement:
    """What is wrong with the store."""
    if store.trouble is not None and store.refused:
        fault = Fault(
            "store-refused",
            "the store refuses",
            f"The store {store.url} refuses: {store.trouble}",
            "For a Dropbox: smartmeter link-dropbox. The camera keeps its pictures meanwhile.",
        )
        return Judgement((fault,), frozenset({"store-full", "store-unreachable"}))
    if store.trouble is not None:
        fault = Fault(
            "store-unreachable",
            "the store does not answer",
            f"The store {store.url} does not answer: {store.trouble}",
            "Look at this machine's network, or at the share. Nothing is lost; it is tried again and again.",
        )
        return Judgement((fault,), frozenset({"store-full", "store-refused"}))
    if store.used_bytes is None or not store.total_bytes:
        return Judgement(unjudged=frozenset({"store-full"}))
    free_bytes = max(store.total_bytes - store.used_bytes, 0)
    least = limits.free_share * (CLEARLY if "store-full" in told else 1)
    if free_bytes >= least * store.total_bytes:
        return Judgement()
    return Judgement(
        (
            Fault(
                "store-full",
                "the store is filling",
                f"The store {store.url} has {size(free_bytes)} of {size(store.total_bytes)} left.",
                "smartmeter backup makes room; `keep_days` under [backup] says how much it leaves there.",
            ),
        )
    )


def judge_machine(
    seen: Seen, limits: Limits, told: AbstractSet[str], usable_at: datetime | None
) -> Judgement:
    """What is wrong with this machine; what a dead store or warehouse explains is not told besides.

    Nor is what failed before `usable_at`, for the settings could not be used.
    """
    disk = Judgement(tuple(_disk(seen, limits, told)))
    if seen.warehouse_trouble is None:
        return disk + _judge_ingest(seen, limits, usable_at) + _judge_runs(seen, told, usable_at)
    fault = Fault(
        "warehouse",
        "the warehouse cannot be opened",
        f"The warehouse cannot be opened: {seen.warehouse_trouble}",
        "smartmeter doctor looks closer. A broken file is brought back by "
        "smartmeter restore-home, or grows anew from the archive by smartmeter ingest.",
    )
    return disk + Judgement((fault,), frozenset({"ingest", "run", "asked"}))


def _judge_ingest(seen: Seen, limits: Limits, usable_at: datetime | None) -> Judgement:
    known = [at for at in (seen.store.listed_at, seen.published_at) if at is not None]
    if not known or seen.store.trouble is not None:
        return Judgement(unjudged=frozenset({"ingest"}))
    due_at = due_before(limits.ingest_schedule, seen.now_at - limits.ingest)
    if due_at is None or min(known) >= due_at:
        return Judgement()
    if usable_at is not None and usable_at >= due_at:
        return Judgement(unjudged=frozenset({"ingest"}))
    late = seen.now_at - min(known)
    fault = Fault(
        "ingest",
        "no ingest succeeds",
        f"No ingest has succeeded for {span(late)}: pictures are not fetched, or not read and shown.",
        "The Prefect UI shows why under ingest/home, or that somebody paused it; smartmeter doctor.",
        min(known),
    )
    return Judgement((fault,))


def due_before(cron: str, instant_at: datetime) -> datetime | None:
    """When a schedule last asked for a run before an instant; None for one that never does."""
    try:
        return next(CronSim(cron, instant_at, reverse=True), None) if cron else None
    except CronSimError:
        # Prefect knows a few words more.
        return instant_at


def _judge_runs(seen: Seen, told: AbstractSet[str], usable_at: datetime | None) -> Judgement:
    if seen.runs is None:
        return Judgement(unjudged=frozenset({"run", "asked"}))
    explained = NEED_THE_STORE if seen.store.trouble is not None else frozenset()
    if usable_at is not None:
        explained |= {
            f"run:{run.deployment}" for run in seen.runs if run.failures and run.ended_at <= usable_at
        }
    faults = []
    for run in seen.runs:
        fault = _failed(run) if run.is_repeated else _failed_once(run)
        is_alone = fault.fault_id in told or not run.is_repeated
        enough = 1 if is_alone else FAILURES.get(run.deployment, 1)
        is_news = run.is_repeated or seen.now_at - run.ended_at < ASKED_FOR
        if run.failures >= enough and is_news and fault.fault_id not in explained:
            faults.append(fault)
    return Judgement(tuple(faults), explained)


def _disk(seen: Seen, limits: Limits, told: AbstractSet[str]) -> Iterator[Fault]:
    least = limits.free_share * (CLEARLY if "disk" in told else 1)
    if seen.disk_free_bytes < least * seen.disk_total_bytes:
        yield Fault(
            "disk",
            "the disk of this machine is filling",
            f"The disk of the home folder has {size(seen.disk_free_bytes)} of "
            f"{size(seen.disk_total_bytes)} left.",
            "Free room. smartmeter backup --prune-archive keeps only the register windows of old pictures.",
        )


def _failed(run: Run) -> Fault:
    why = f": {run.message}" if run.message else "."
    return Fault(
        f"run:{run.deployment}",
        f"{run.deployment} fails",
        f"The newest run of {run.deployment} ({run.run}) failed{why}",
        "The Prefect UI has its log. It is tried again by its schedule.",
        run.ended_at,
    )


def _failed_once(run: Run) -> Fault:
    why = f": {run.message}" if run.message else "."
    return Fault(
        f"asked:{run.deployment}",
        f"{run.deployment} failed",
        f"The run of {run.deployment} that somebody asked for ({run.run}) failed{why}",
        "The Prefect UI has its log. Nothing repeats it by itself: ask for it again.",
        run.ended_at,
    )
