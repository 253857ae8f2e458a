"""The camera's side of a household: a real agent's capture with a camera, a clock and a disk that fail."""

import io
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from flows.playground.fault_runs.rules import Rule
from raspi_agent import durable
from raspi_agent.cameras.camera import CameraError, Shot
from raspi_agent.capture import Equipment, capture_slot
from raspi_agent.capture_facts import CaptureFacts, embed_facts
from raspi_agent.clock import ClockReading
from raspi_agent.content_hash import content_hash
from raspi_agent.outbox import Outbox
from raspi_agent.outbox_room import make_room
from raspi_agent.slots import Schedule, current_slot

CAMERA = "cellar"
STARTED_AT = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
_SCHEDULE = Schedule(1)
_MARK = b"\xff\xfe"  # a JPEG comment, so that no two pictures are alike
_MOST_ASKERS = 3
_NO_FACTS = CaptureFacts(camera=CAMERA)


class Cupboard:
    """Outbox, camera and clock; what they promise is told to `promise` by the caller.

    Args:
        folder: of the outbox.
        chance: makes the trouble.
        without: the rule that is taken away.
        happened: counts the trouble.
    """

    def __init__(
        self, folder: Path, chance: random.Random, without: Rule | None, happened: Counter[str]
    ) -> None:
        self.chance, self.without, self.happened = chance, without, happened
        self.outbox = _outbox_without(without, folder)
        self.now_at, self.round, self.peace = STARTED_AT, 0, False
        self._boot_id, self._booted_s, self._is_synchronised = "0", 0, True
        self._photo = _photo()
        self.offered: set[str] = set()

    def next_round(self) -> None:
        """A minute passes; now and then somebody sets the clock, or a time server does."""
        self.round += 1
        self.now_at += MINUTE
        if self.chance.random() < 0.1:  # noqa: PLR2004
            self.now_at += timedelta(minutes=self.chance.randint(-60, 60))
            self.happened["a clock that jumped"] += 1
        if self.chance.random() < 0.3:  # noqa: PLR2004
            self._is_synchronised = True

    def boot(self) -> None:
        """Start again after a power cut: the clock shows what it last knew, or something else."""
        self._boot_id, self._booted_s = f"{self.chance.getrandbits(32):08x}", self.round * 60
        self._is_synchronised = False
        self.now_at -= timedelta(minutes=self.chance.randint(0, 30))

    def take(self) -> list[bytes]:
        """Several ask for the present slot, the agent and Prefect's runs; what is promised to them."""
        promised = []
        for _ in range(self.chance.randint(1, _MOST_ASKERS)):
            camera = _TroubledCamera(self)
            equipment = Equipment(CAMERA, camera, timeout_s=5, look_at_machine=self._where_it_is)
            slot_at = current_slot(_SCHEDULE, self.now_at)
            with suppress(CameraError):
                taken = capture_slot(self.outbox, equipment, _SCHEDULE, slot_at, self._look_at_clock)
                if taken and (data := self.outbox.find(taken.key)):
                    promised.append(data)
        return promised

    def make_room(self) -> None:
        """The card is full: what the store has goes."""
        if self.without is Rule.UNSENT_STAYS:
            for key in self.outbox.waiting():
                self.outbox.drop_waiting(key)
        make_room(self.outbox, sent_limit_bytes=0, free_bytes=0, when_full="stop")

    def photo(self) -> bytes:
        """A picture like no other."""
        name = b"%032x" % self.chance.getrandbits(128)
        data = self._photo[:2] + _MARK + (len(name) + 2).to_bytes(2) + name + self._photo[2:]
        self.offered.add(content_hash(without_facts(data)))
        return data

    def _look_at_clock(self) -> ClockReading:
        boot_ms = (self.round * 60 - self._booted_s) * 1000
        return ClockReading(self.now_at, self._is_synchronised, self._boot_id, boot_ms)

    def _where_it_is(self) -> dict[str, Any]:
        return {"round": self.round}


def without_facts(data: bytes) -> bytes:
    """A picture as it was before a capture's facts were put into it: the same for all facts."""
    return embed_facts(data, _NO_FACTS)


class _TroubledCamera:
    """A camera that hangs until its deadline, gives garbage, half a picture or a dark one now and then."""

    def __init__(self, cupboard: Cupboard) -> None:
        self._cupboard = cupboard
        self.is_live = cupboard.without is not Rule.WHOLE_PICTURES

    def capture(self, timeout_s: float) -> Shot:
        """See `Camera.capture`."""
        cupboard = self._cupboard
        whole = cupboard.photo()
        if cupboard.peace or cupboard.chance.random() > 0.3:  # noqa: PLR2004
            return Shot(whole)
        trouble = cupboard.chance.choice(("hang", "garbage", "half a picture", "no bytes"))
        cupboard.happened[f"a camera's {trouble}"] += 1
        match trouble:
            case "hang":
                message = f"nothing within {timeout_s:.0f} s"
                raise CameraError(message)
            case "garbage":
                return Shot(cupboard.chance.randbytes(2000))
            case "half a picture":
                return Shot(whole[: len(whole) // 2])
            case _:
                return Shot(b"")

    def keep(self, details: Mapping[str, Any]) -> None:
        """See `Camera.keep`."""

    def close(self) -> None:
        """See `Camera.close`."""


class _ForgetsSlots(Outbox):
    """Without the memory of which slot was filled."""

    def newest(self) -> None:
        """Nothing was ever taken."""
        return


class _TrustsTheClock(Outbox):
    """Names by the clock alone, as the original's."""

    def add(self, data: bytes, facts: CaptureFacts) -> str:
        """Keep it under the second it was taken in."""
        self._make_folders()
        key = f"images/{CAMERA}/{facts.taken_at:%Y%m%d/%Y%m%d_%H%M%S}Z_000001.jpg"
        durable.replace(self._new / key.replace("/", "+"), embed_facts(data, facts))
        return key


def _outbox_without(without: Rule | None, folder: Path) -> Outbox:
    match without:
        case Rule.SLOT_ONCE:
            return _ForgetsSlots(folder)
        case Rule.NUMBERED:
            return _TrustsTheClock(folder)
        case _:
            return Outbox(folder)


def _photo() -> bytes:
    """A small grey picture with noise, as a camera makes it."""
    file = io.BytesIO()
    Image.effect_noise((64, 48), 40).convert("RGB").save(file, "JPEG", quality=95)
    return file.getvalue()
