"""The agent's own clockwork: every slot gets its picture, whoever else asks for it or does not."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from raspi_agent.cameras.camera import CameraError, CameraStuck, NoNewPicture
from raspi_agent.capture import Equipment, Taken, capture_slot
from raspi_agent.clock import ClockReading
from raspi_agent.outbox import Outbox
from raspi_agent.outbox_room import Room, make_room
from raspi_agent.power import CameraTrouble, ask_for, may_reboot, under_maintenance
from raspi_agent.slots import current_slot, next_slot, slots_due
from raspi_agent.tally import Tally
from raspi_agent.watchdog import Watchdog

if TYPE_CHECKING:
    from raspi_agent.settings import AgentSettings

ACTIVITY = "the camera"
_LONGEST_PAUSE_S = 5.0  # the clock may be set while we wait, and the watchdog wants to be fed
_MOST_TO_CATCH_UP = 60  # in a slot: years of pictures in a folder must not fill the outbox at once
_JUMP = timedelta(seconds=30)
_ASK_AGAIN_S = 3600.0  # for a reboot: one that nobody heard, or of which today has had enough
_MEGABYTE = 1_000_000
_LOCAL = ("picamera2:", "v4l2:")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody's wish for a picture: of the present slot, or besides the slots; answered in the future."""

    is_extra: bool
    answer: "Future[Taken | None]"


class CaptureLoop:
    """Takes the pictures of a schedule until it is stopped, and those that others ask for.

    Args:
        home: the home folder.
        settings: of the agent.
        outbox: gets the pictures.
        equipment: takes them.
        tally: is told what happened.
        watchdog: is fed as long as pictures are taken, or fail, in time.
        look_at_clock: gives the clock's reading.
        on_taken: called after each picture.
        pause: waits so many seconds, or less when the event is set.
    """

    def __init__(
        self,
        home: Path,
        settings: "AgentSettings",
        outbox: Outbox,
        equipment: Equipment,
        *,
        tally: Tally,
        watchdog: Watchdog,
        look_at_clock: Callable[[], ClockReading],
        on_taken: Callable[[], None],
        pause: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._home, self._settings, self._outbox, self._equipment = home, settings, outbox, equipment
        self._tally, self._watchdog = tally, watchdog
        self._look_at_clock, self._on_taken, self._pause = look_at_clock, on_taken, pause
        self._schedule = settings.schedule
        self._grace = timedelta(seconds=settings.flow_grace_s)
        self._asked: SimpleQueue[Asked] = SimpleQueue()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._room = Room()
        self._seen = look_at_clock()
        self._target_at: datetime | None = None
        self._failures, self._failing_since_s, self._no_reboot_before_s = 0, 0.0, 0.0
        self._has_told_maintenance = False

    def stop(self) -> None:
        """End `run` soon; from any thread or signal handler."""
        self._stop.set()
        self._wake.set()

    def ask(self, *, is_extra: bool) -> "Future[Taken | None]":
        """Ask for a picture of the present slot, or for one besides the slots; from any thread."""
        asked = Asked(is_extra, Future())
        self._asked.put(asked)
        self._wake.set()
        return asked.answer

    def run(self) -> None:
        """Take pictures until stopped or, with a power cycle, until its end."""
        self._seen = self._look_at_clock()
        self._target_at = current_slot(self._schedule, self._seen.now_at)
        if self._target_at is None and self._settings.power.cycle and not self.is_cycle_over:
            self._take(None)
        while not self._stop.is_set():
            self._wake.clear()
            self._turn()
            self._feed_watchdog()
            if self.is_cycle_over:
                break
            self._pause(self._wake, self._seconds_to_wait())
        for asked in self._all_asked():
            asked.answer.set_exception(CameraError("the agent is being stopped"))

    def _turn(self) -> None:
        """Do what is due now."""
        for asked in self._all_asked():
            self._answer(asked)
            self._feed_watchdog()  # a camera that hangs may take all its time for each who asks
        clock = self._look_at_clock()
        if jump := self._jump_of(clock):
            _log.warning("the clock was set by %+.0f s", jump.total_seconds())
            self._target_at = current_slot(self._schedule, clock.now_at)
        target_at = self._target_at or next_slot(self._schedule, clock.now_at)
        self._target_at = target_at
        if clock.now_at < target_at + self._grace:
            return
        slot_at = current_slot(self._schedule, clock.now_at)
        self._note_missed(target_at, slot_at or clock.now_at)
        if slot_at is not None and not isinstance(self._take(slot_at), Exception):
            self._catch_up(slot_at)
        self._target_at = next_slot(self._schedule, self._look_at_clock().now_at)

    def _take(self, slot_at: datetime | None) -> Taken | CameraError | OSError | None:
        """Take a picture and note what became of it; the error instead where there is none."""
        if self._room.is_full and self._settings.when_full == "stop":
            self._make_room()
            if self._room.is_full:
                _log.error("no picture: the disk is full of unsent pictures; bring the store back")
                self._tally.missed()
                return OSError("the disk is full of unsent pictures")
        try:
            taken = self._capture(slot_at)
        except NoNewPicture as error:  # who puts them there may come more rarely
            _log.warning("no picture: %s", error)
            self._tally.missed()
            return error
        except CameraError as error:
            _log.warning("no picture: %s", error)
            self._note_failure(error)
            return error
        except OSError as error:  # TimeoutError too: somebody else's picture takes too long
            _log.exception("no picture: the outbox refuses")
            self._tally.missed()
            return error
        self._failures, self._no_reboot_before_s = 0, 0.0
        if taken is None:
            _log.info("the slot of %s has its picture already", slot_at and f"{slot_at:%H:%M} UTC")
            return None
        self._note_taken(taken)
        if taken.stuck:
            self._note_failure(taken.stuck)
        return taken

    def _note_taken(self, taken: Taken) -> None:
        _log.info("taken: %s", taken.key)
        self._tally.taken(taken.seconds)
        if taken.facts.details.get("light") == "failed":
            self._tally.light_failed()
        self._make_room()
        self._on_taken()

    def _catch_up(self, slot_at: datetime) -> None:
        """Take what else lies in a folder: pictures may come more often than slots, or while we rest."""
        if self._equipment.camera.is_live:
            return
        until_at = next_slot(self._schedule, self._look_at_clock().now_at)
        for _ in range(_MOST_TO_CATCH_UP):
            if not self._has_leisure(until_at):
                return
            try:
                taken = self._capture(slot_at, is_further=True)
            except (CameraError, OSError):  # there are no more; what else is wrong the next slot tells
                return
            if taken is not None:
                self._note_taken(taken)
            self._feed_watchdog()

    def _has_leisure(self, until_at: datetime) -> bool:
        """Whether nobody waits for anything else, and there is room."""
        if self._stop.is_set() or not self._asked.empty() or self._look_at_clock().now_at >= until_at:
            return False
        return not (self._room.is_full or self._room.dropped)

    def _capture(self, slot_at: datetime | None, *, is_further: bool = False) -> Taken | None:
        """The picture of a slot; once more where others had filled the disk and room could be made."""
        common = (self._outbox, self._equipment, self._schedule, slot_at, self._look_at_clock)
        take = partial(capture_slot, *common, is_further=is_further)
        try:
            return take()
        except TimeoutError:
            raise
        except OSError as error:
            room = self._make_room()
            if not (room.pruned or room.dropped):
                raise
            _log.warning("the outbox refused the picture (%s); room is made, once more", error)
        self._feed_watchdog()
        return take()

    def _note_failure(self, error: CameraError) -> None:
        now_s = self._look_at_clock().boot_ms / 1000
        self._failures += 1
        if self._failures == 1:
            self._failing_since_s = now_s
        self._tally.camera_failed()
        trouble = CameraTrouble(
            failures=self._failures,
            failing_s=now_s - self._failing_since_s,
            is_stuck=isinstance(error, CameraStuck),
            is_local=self._settings.camera_url.startswith(_LOCAL),
        )
        if trouble.is_stuck:
            self._watchdog.give_up(str(error))
        if trouble.wants_reboot and now_s >= self._no_reboot_before_s:
            self._no_reboot_before_s = now_s + _ASK_AGAIN_S
            self._ask_for_reboot()

    def _ask_for_reboot(self) -> None:
        power = self._settings.power
        if not may_reboot(self._home, self._look_at_clock().now_at, power.reboots_a_day):
            _log.error("a reboot might help the camera, but today's %d are used up", power.reboots_a_day)
            return
        _log.error("the camera needs a reboot: asking for one")
        ask_for("reboot", power.request_folder)

    def _make_room(self) -> Room:
        try:
            self._room = make_room(
                self._outbox,
                sent_limit_bytes=self._settings.sent_limit_mb * _MEGABYTE,
                free_bytes=self._settings.free_mb * _MEGABYTE,
                when_full=self._settings.when_full,
            )
        except OSError:
            _log.exception("no room could be made in the outbox")
            return Room()
        return self._room

    def _feed_watchdog(self) -> None:
        self._watchdog.progress(ACTIVITY)
        self._watchdog.feed()

    def _answer(self, asked: Asked) -> None:
        slot_at = None if asked.is_extra else current_slot(self._schedule, self._look_at_clock().now_at)
        # in quiet hours nothing is due, whatever another schedule says
        result = self._take(slot_at) if slot_at or asked.is_extra else None
        if isinstance(result, Exception):
            asked.answer.set_exception(result)
        else:
            asked.answer.set_result(result)

    def _all_asked(self) -> list[Asked]:
        asked = []
        while True:
            try:
                asked.append(self._asked.get_nowait())
            except Empty:
                return asked

    def _jump_of(self, clock: ClockReading) -> timedelta | None:
        """How far the clock was set since the last look, None when it only went on."""
        passed = timedelta(milliseconds=clock.boot_ms - self._seen.boot_ms)
        jump = clock.now_at - self._seen.now_at - passed
        self._seen = clock
        return jump if abs(jump) > _JUMP else None

    def _note_missed(self, target_at: datetime, until_at: datetime) -> None:
        for _ in range(slots_due(self._schedule, target_at, until_at)):
            self._tally.missed()

    def _seconds_to_wait(self) -> float:
        if self._target_at is None:
            return 0.0
        left = self._target_at + self._grace - self._look_at_clock().now_at
        return min(max(left.total_seconds(), 0.0), _LONGEST_PAUSE_S)

    @property
    def is_cycle_over(self) -> bool:
        """Whether a power cycle has had its time and nobody keeps the power on."""
        power = self._settings.power
        if not power.cycle or self._look_at_clock().boot_ms < power.on_minutes * 60_000:
            return False
        kept_on_by = under_maintenance(power.maintenance)
        if kept_on_by and not self._has_told_maintenance:
            _log.info("%s keeps the power on", kept_on_by)
            self._has_told_maintenance = True
        return kept_on_by is None
