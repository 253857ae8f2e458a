"""Brings pictures and reports to the store, beside the camera and never in its way."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from raspi_agent.mail import send_mail
from raspi_agent.outbox import Outbox
from raspi_agent.store import Store, StoreError, StoreRefused, StoreUnavailable
from raspi_agent.tally import Tally
from raspi_agent.upload import Uploaded, upload_waiting
from raspi_agent.watchdog import Watchdog, notify

ACTIVITY = "the upload"
HANGS_AFTER_S = 1800.0
_PAUSE_S = 60.0
_AGAIN_S = 5.0  # at the end of a power cycle, which does not wait for long
_FIRST_RETRY_S, _LONGEST_RETRY_S = 15.0, 900.0

_log = logging.getLogger(__name__)


class UploadLoop:
    """Sends what waits as soon as it waits; backs off from a store that is away.

    Args:
        open_store: gives the store; asked in the loop's own thread, for it may take seconds, and again
            after the store refused: somebody may have given it another link.
        outbox: whose pictures and mail are sent.
        tally: is told what happened.
        watchdog: hears that the loop gets on.
        housekeeping: called at least once a minute.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        outbox: Outbox,
        *,
        tally: Tally,
        watchdog: Watchdog,
        housekeeping: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_store, self._outbox, self._tally, self._watchdog = open_store, outbox, tally, watchdog
        self._housekeeping, self._clock = housekeeping, clock
        self._wake, self._stop = threading.Event(), threading.Event()
        self._store: Store | None = None
        self._not_before_s = 0.0
        self._failures = 0
        self._meanwhile: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._run, name="upload", daemon=True)

    @property
    def seconds_left_alone(self) -> float:
        """For how long the store is not to be asked."""
        return max(0.0, self._not_before_s - self._clock())

    def start(self) -> None:
        """Begin, in a thread that does not keep the process alive: a cut upload is sent again."""
        self._thread.start()

    def wake(self) -> None:
        """Say that something new waits; from any thread."""
        self._wake.set()

    def stop(self, patience_s: float) -> None:
        """End soon; returns after `patience_s` at the latest."""
        self._stop.set()
        self._wake.set()
        self._thread.join(patience_s)

    def drain(self, patience_s: float, meanwhile: Callable[[], object] = lambda: None) -> int:
        """Try again and again for so long to send everything; return how many pictures still wait.

        For the time after `stop`.

        Args:
            patience_s: the longest wait for a store that is away.
            meanwhile: called before each picture and each attempt.
        """
        until_s = self._clock() + patience_s
        self._stop.clear()
        self._meanwhile = meanwhile
        while True:
            meanwhile()
            left = self._send()
            if not left or self._clock() >= until_s:
                return left
            time.sleep(min(_AGAIN_S, max(0.0, until_s - self._clock())))

    def turn(self) -> None:
        """Do what is due now: sending, unless the store is to be left alone, and the housekeeping."""
        for duty in (self._send_if_allowed, self._housekeeping):
            try:
                duty()
            except Exception:  # noqa: BLE001 - neither may stop the other, or end in silence
                _log.exception("the upload goes on after an error that nobody foresaw")
            self._watchdog.progress(ACTIVITY)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            self.turn()
            self._wake.wait(_PAUSE_S)

    def _send_if_allowed(self) -> None:
        if not self.seconds_left_alone:
            self._send()

    def _send(self) -> int:
        started_s = self._clock()
        try:
            self._store = self._store or self._open_store()
            uploaded = upload_waiting(self._outbox, self._store, self._goes_on)
            if uploaded.stopped_by is None:
                mailed = send_mail(self._outbox.folder, self._store)
                if isinstance(mailed.stopped_by, StoreUnavailable):  # what is refused holds up no picture
                    uploaded = replace(uploaded, stopped_by=mailed.stopped_by)
        except StoreError as error:
            uploaded = Uploaded(waiting=len(self._outbox.waiting()), stopped_by=error)
        except OSError:
            _log.exception("no upload: the outbox refuses")
            self._tally.upload_failed()
            return 1
        self._note(uploaded, self._clock() - started_s)
        return uploaded.waiting

    def _goes_on(self) -> bool:
        self._watchdog.progress(ACTIVITY)
        self._meanwhile()
        return not self._stop.is_set()

    def _note(self, uploaded: Uploaded, seconds: float) -> None:
        notify(f"STATUS={uploaded.waiting} pictures wait for the store")
        count = uploaded.stored + uploaded.already_there
        if count:
            _log.info("uploaded: %d, waiting: %d", count, uploaded.waiting)
            self._tally.uploaded(seconds, count)
        if uploaded.stopped_by is None:
            self._failures, self._not_before_s = 0, 0.0
            return
        if isinstance(uploaded.stopped_by, StoreRefused):
            self._store = None
        self._tally.upload_failed()
        self._failures += 1
        pause_s = _pause_after(uploaded.stopped_by, self._failures)
        self._not_before_s = self._clock() + pause_s
        _log.warning(
            "%s; %d pictures wait, next attempt in %.0f s", uploaded.stopped_by, uploaded.waiting, pause_s
        )


def _pause_after(error: StoreError, failures: int) -> float:
    """How long to leave a store alone: what it asked for, else longer and longer, with some chance in it."""
    if isinstance(error, StoreUnavailable) and error.retry_after_s is not None:
        return error.retry_after_s
    if not isinstance(error, StoreUnavailable):
        return _LONGEST_RETRY_S
    longest_s = min(_FIRST_RETRY_S * 2.0 ** (failures - 1), _LONGEST_RETRY_S)
    return random.uniform(longest_s / 2, longest_s)  # noqa: S311 - no secret
