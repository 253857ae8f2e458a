"""What every camera does. It gives bytes, never arrays: the same for every kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


class CameraError(Exception):
    """The camera gave no picture this time; the next slot tries again. The message is for people.

    CameraError
    ├── NoNewPicture  the one who puts pictures there has put no further one there yet
    └── CameraStuck   no later slot will get a picture either before this machine has been started anew
    """


class NoNewPicture(CameraError):  # noqa: N818 - a state of the camera, named as one
    """All pictures that others have put into the camera's folder have been given."""


class CameraStuck(CameraError):  # noqa: N818 - a state of the camera, named as one
    """The process that holds the camera cannot be ended: it hangs in the kernel."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One photograph.

    Attributes:
        data: the whole file as the camera made it.
        taken_at: UTC, when the camera knows it better than our clock; None otherwise.
        details: whatever the camera tells: exposure, gains, its source; JSON values.
    """

    data: bytes
    taken_at: datetime | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class Camera(Protocol):
    """Something that takes pictures.

    Attributes:
        is_live: whether another attempt gives another picture; a picture that somebody else took is taken as
            it is.
    """

    is_live: bool

    def capture(self, timeout_s: float) -> Shot:
        """Take a picture of what is before the camera now.

        Args:
            timeout_s: after so long it is over, one way or the other, whatever the camera does.

        Raises:
            CameraError: there is none this time.
        """
        ...

    def keep(self, details: Mapping[str, Any]) -> None:
        """Learn that the shot with these details is safe and need not be given again."""
        ...

    def close(self) -> None:
        """Let go of the camera; it opens again by itself. Never raises, and may be repeated."""
        ...
