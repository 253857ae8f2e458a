"""Downloads: several at once, with patience for a store that stumbles and none for one that refuses."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from raspi_agent.store import Revision, RevisionGone, StoreUnavailable

Kept = TypeVar("Kept")
log = logging.getLogger(__name__)

WAITS_S = (1.0, 4.0)  # before the second and the third try, unless the store says how long
LONGEST_WAIT_S = 60.0
FAILURES_THAT_MEAN_AWAY = 8


@dataclass(slots=True)
class Downloaded(Generic[Kept]):
    """What became of some revisions.

    Attributes:
        kept: what `keep` returned for each that arrived.
        left: those that did not come this time, though the store answers for others.
        stopped_by: what ended it before its end: the store is away or refuses, or the disk does.
    """

    kept: list[Kept] = field(default_factory=list)
    left: list[Revision] = field(default_factory=list)
    stopped_by: Exception | None = None


def download(
    revisions: Sequence[Revision],
    keep: Callable[[Revision], Kept],
    *,
    at_once: int,
    waits_s: Sequence[float] = WAITS_S,
) -> Downloaded[Kept]:
    """Fetch and keep revisions, some of them at once; whatever has arrived is kept when the rest fails.

    A revision that is gone is passed over. One that fails three times is left for another day, and so many
    in a row mean that the store is away. A store that asks to be left alone is, by all of us.

    Args:
        revisions: what to fetch.
        keep: fetches one and keeps it durably; called from several threads.
        at_once: how many to have on their way at the same time.
        waits_s: how long to wait before each further try, where the store does not say.

    Returns:
        What was kept, what is left for another day, and what ended it early, which is not raised.
    """
    state: _State[Kept] = _State(keep, waits_s, min(FAILURES_THAT_MEAN_AWAY, len(revisions)))
    with ThreadPoolExecutor(at_once, thread_name_prefix="download") as pool:
        try:
            for _ in pool.map(state.take, revisions):
                pass
        finally:
            state.stopped.set()  # an interrupted run waits for those on their way only
    for revision, error in state.failed:
        log.warning("%s is left for the next run: %s", revision.key, error)
    return state.result


class _State(Generic[Kept]):
    """What the threads of one download share."""

    def __init__(self, keep: Callable[[Revision], Kept], waits_s: Sequence[float], means_away: int) -> None:
        self.keep = keep
        self.waits_s = waits_s
        self.means_away = means_away
        self.result: Downloaded[Kept] = Downloaded()
        self.failed: list[tuple[Revision, StoreUnavailable]] = []
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._quiet_until_s = 0.0

    def take(self, revision: Revision) -> None:
        if self.stopped.is_set():
            return
        try:
            kept = self._keep_patiently(revision)
        except RevisionGone as error:
            log.warning("%s; the next run looks again", error)
        except StoreUnavailable as error:
            self._note_failure(revision, error)
        except Exception as error:  # noqa: BLE001 - it is handed on, once what has arrived is safe
            self._stop(error)
        else:
            with self._lock:
                self._in_a_row = 0
                self.result.kept.append(kept)

    def _keep_patiently(self, revision: Revision) -> Kept:
        for wait_s in self.waits_s:
            self._let_it_rest()
            try:
                return self.keep(revision)
            except StoreUnavailable as error:
                if (error.retry_after_s or 0) > LONGEST_WAIT_S:
                    self._stop(error)
                    raise
                with self._lock:
                    rests_until_s = time.monotonic() + (error.retry_after_s or wait_s)
                    self._quiet_until_s = max(self._quiet_until_s, rests_until_s)
        self._let_it_rest()
        return self.keep(revision)

    def _let_it_rest(self) -> None:
        self.stopped.wait(max(0.0, self._quiet_until_s - time.monotonic()))

    def _note_failure(self, revision: Revision, error: StoreUnavailable) -> None:
        with self._lock:
            self.failed.append((revision, error))
            self.result.left.append(revision)
            self._in_a_row += 1
            away = self._in_a_row >= self.means_away
        if away:
            self._stop(error)

    def _stop(self, error: Exception) -> None:
        with self._lock:
            self.result.stopped_by = self.result.stopped_by or error
        self.stopped.set()
