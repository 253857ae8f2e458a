"""What the agent did since the last report."""

import threading
from dataclasses import dataclass

_MOST_SECONDS = 120  # of each list: a report stays small at a picture every second, too


@dataclass(frozen=True, slots=True)
class Hour:
    """What happened between two reports.

    Attributes:
        taken: pictures that are safe in the outbox.
        missed: slots that passed without one.
        camera_errors: attempts that the camera spoiled, slots included that it left without a picture.
        light_errors: pictures taken although the lamp did not obey.
        uploaded: pictures that the store took.
        upload_errors: uploads that ended before their end.
        capture_s: how long each picture took, seconds, the last of them.
        upload_s: likewise each upload.
    """

    taken: int = 0
    missed: int = 0
    camera_errors: int = 0
    light_errors: int = 0
    uploaded: int = 0
    upload_errors: int = 0
    capture_s: tuple[float, ...] = ()
    upload_s: tuple[float, ...] = ()

    @property
    def due(self) -> int:
        """Pictures that should have been taken."""
        return self.taken + self.missed + self.camera_errors


class Tally:
    """Counts what happens; any number of threads may report."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(
            ("taken", "missed", "camera_errors", "light_errors", "uploaded", "upload_errors"), 0
        )
        self._totals = dict(self._counts)
        self._capture_s: list[float] = []
        self._upload_s: list[float] = []

    def taken(self, seconds: float) -> None:
        """Note a picture that is safe, and how long it took."""
        with self._lock:
            self._count("taken")
            self._capture_s = [*self._capture_s[1 - _MOST_SECONDS :], round(seconds, 3)]

    def missed(self) -> None:
        """Note a slot that passed without a picture, the camera not having been tried or asked in vain."""
        with self._lock:
            self._count("missed")

    def camera_failed(self) -> None:
        """Note that the camera gave no picture when one was due."""
        with self._lock:
            self._count("camera_errors")

    def light_failed(self) -> None:
        """Note that the lamp did not obey."""
        with self._lock:
            self._count("light_errors")

    def uploaded(self, seconds: float, count: int) -> None:
        """Note that the store took so many pictures at once, and how long that took."""
        with self._lock:
            self._count("uploaded", count)
            self._upload_s = [*self._upload_s[1 - _MOST_SECONDS :], round(seconds, 3)]

    def upload_failed(self) -> None:
        """Note an upload that ended before its end."""
        with self._lock:
            self._count("upload_errors")

    def hour(self) -> Hour:
        """What happened since the last `close_hour`."""
        with self._lock:
            return self._hour()

    def close_hour(self) -> Hour:
        """What happened since the last call, or since the start; counting begins again."""
        with self._lock:
            hour = self._hour()
            self._counts = dict.fromkeys(self._counts, 0)
            self._capture_s, self._upload_s = [], []
            return hour

    def since_start(self) -> dict[str, int]:
        """Everything since the start, by name: counters that only grow."""
        with self._lock:
            return dict(self._totals)

    def _count(self, name: str, count: int = 1) -> None:
        self._counts[name] += count
        self._totals[name] += count

    def _hour(self) -> Hour:
        return Hour(**self._counts, capture_s=tuple(self._capture_s), upload_s=tuple(self._upload_s))
