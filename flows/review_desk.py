"""The desk of a review: doubtful pictures, and what a person says of them."""

import logging
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flows.amending import waiting
from flows.written import parse_reading
from tasks.decode import decode_pending
from tasks.derive import derive_pending
from tasks.metering.register import Register, format_reading
from tasks.proof_pictures import Source, full_picture, window_picture
from tasks.publish import publish_report
from tasks.reports.formatting import moment, reason
from tasks.reports.language import say, speaking
from tasks.settings import Settings, SettingsError
from warehouse.connection import open_warehouse
from warehouse.errors import WarehouseError
from warehouse.events import Correction, correct, undo_correction

log = logging.getLogger(__name__)
MOST_SHOWN = 200
LEAST_LOG_ODDS = 6.0
QUIET_S = 1.5


@dataclass(frozen=True, slots=True)
class Shown:
    """A register in a picture of the desk; the corners of its window are JSON."""

    register_id: str
    picture_key: str
    taken_at: datetime
    window_corners: str | None


@dataclass(slots=True)
class Desk:
    """The doubtful pictures of an installation, and what a person says of them.

    One thing at a time is done with the warehouse. What is said is kept at once; readings, intervals and the
    report follow when nothing more has been said for a moment.
    """

    settings: Settings
    meter: str | None = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    said: set[str] = field(default_factory=set)
    followed: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _news: threading.Condition = field(default_factory=threading.Condition)
    _pictures: dict[str, Shown] = field(default_factory=dict)
    _is_closed: bool = False

    def queue(self) -> list[dict[str, Any]]:
        """The pictures to look at, the most doubtful first, as the page shows them."""
        # Of a register that the settings name no more, nobody could say what its drums show.
        register_ids = [
            register_id
            for meter in self.settings.meters
            if self.meter in {None, meter}
            for register_id in self.settings.register_ids(meter)
        ]
        with self._lock, open_warehouse(self.settings.sql_copy, read_only=True) as warehouse:
            found = warehouse.query(
                "review_queue", register_ids=register_ids, limit=MOST_SHOWN, least_log_odds=LEAST_LOG_ODDS
            )
            shown = {
                (register_id, row["picture_key"]): row
                for (register_id,), wanted in found.group_by("register_id")
                for row in warehouse.query(
                    "proof_pictures",
                    incoming=wanted.select("picture_key", "taken_at"),
                    register_id=register_id,
                ).iter_rows(named=True)
            }
        with speaking(self.settings.report.language):
            return [
                self._item(row, shown.get((row["register_id"], row["picture_key"]), {}))
                for row in found.iter_rows(named=True)
            ]

    def _item(self, row: dict[str, Any], proof: dict[str, Any]) -> dict[str, Any]:
        register = self.settings.register(row["register_id"])
        key = row["picture_key"]
        name = f"{row['register_id']}|{key}"
        self._pictures[name] = Shown(row["register_id"], key, row["taken_at"], proof.get("window_corners"))
        best = (proof.get("texts") or [row["recognised_text"] or ""])[0]
        value = _drums(row["value_wh"], register)
        return {
            "name": name,
            "key": key,
            "register": row["register_id"],
            "when": moment(row["read_local"]),
            "value": value or (best if len(best) == register.digits else ""),
            "quality": row["quality"],
            "words": say(row["quality"]),
            "why": reason(row["reason"]),
            "candidates": [
                [text, round(100 * probability, 1)]
                for text, probability in zip(
                    proof.get("texts") or (), proof.get("probabilities") or (), strict=True
                )
            ],
            "before": _drums(row["before_wh"], register),
            "after": _drums(row["after_wh"], register),
            "digits": register.digits,
            "decimals": register.decimals,
        }

    def set_reading(self, name: str, text: str) -> str:
        """Keep what a person reads on a picture; return it as the register shows it.

        Raises:
            SettingsError: The picture is not on the desk, or the text is no reading.
        """
        shown = self._known(name)
        register = self.settings.register(shown.register_id)
        value_wh = parse_reading(text, register)
        with self._lock, waiting(self.settings) as warehouse:
            correct(
                warehouse,
                Correction(shown.register_id, shown.picture_key, shown.taken_at, value_wh, "review"),
            )
        self._note(shown.register_id)
        return format_reading(value_wh, register)

    def take_back(self, name: str) -> None:
        """Take back what a person said of a picture; the series decides again.

        Raises:
            SettingsError: The picture is not on the desk.
            NothingToUndo: Nobody said anything of it.
        """
        shown = self._known(name)
        with self._lock, waiting(self.settings) as warehouse:
            undo_correction(warehouse, shown.register_id, shown.picture_key)
        self._note(shown.register_id)

    def picture(self, name: str, part: str) -> bytes | None:
        """A picture of the desk as JPEG: its `window`, or the `frame`; None where there is none.

        Raises:
            SettingsError: The picture is not on the desk.
        """
        shown = self._known(name)
        source = Source(self.settings.archive, shown.register_id, shown.picture_key, shown.window_corners)
        return (window_picture(source) if part == "window" else None) or full_picture(source)

    def follow(self) -> None:
        """Let readings, intervals and report follow what was said."""
        with self._lock:
            changed, self.said = self.said, set()
            if not changed:
                return
            for register_id in sorted(changed):
                decode_pending(self.settings, register_id)
                derive_pending(self.settings, register_id)
            publish_report.fn(self.settings)
            self.followed += 1

    def follow_until_closed(self) -> None:
        """Follow each time when it has been quiet for a moment; meant for a thread of its own."""
        while self.said or not self._is_closed:
            with self._news:
                self._news.wait_for(lambda: bool(self.said) or self._is_closed)
                while self._news.wait(QUIET_S) and not self._is_closed:
                    pass
            try:
                self.follow()
            except (WarehouseError, OSError):
                log.exception("The report did not follow; the next ingest brings it up to date.")

    def close(self) -> None:
        """End the thread; what was said and not followed yet is followed by it first."""
        with self._news:
            self._is_closed = True
            self._news.notify_all()

    def _known(self, name: str) -> Shown:
        if name not in self._pictures:
            raise SettingsError(f"{name} is not on the desk; load the page again.")
        return self._pictures[name]

    def _note(self, register_id: str) -> None:
        with self._news:
            self.said.add(register_id)
            self._news.notify_all()


def _drums(value_wh: int | None, register: Register) -> str:
    """A reading as all drums show it, from left to right."""
    return "" if value_wh is None else f"{value_wh // register.unit_wh:0{register.digits}d}"
