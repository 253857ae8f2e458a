"""What goes wrong on purpose."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Fault:
    """One kind of trouble for the next requests of a route.

    Attributes:
        route: `files/upload`, `oauth2/token` and so on, or `*` for the next request of any.
        times: for how many requests.
        before: called first, as when another client is a moment faster.
        status: answer this and do nothing.
        body: what the answer says then, JSON or not.
        headers: what its header says then, `Retry-After` for instance.
        flip_bit: one bit of the file changes on its way, up or down.
        cut_after: of the answer only so many bytes of the body arrive.
        lose_reply: everything is done, and nobody hears of it.
    """

    route: str
    times: int = 1
    before: Callable[[], object] | None = None
    status: int | None = None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    flip_bit: bool = False
    cut_after: int | None = None
    lose_reply: bool = False

    def bend(self, data: bytes) -> bytes:
        """The bytes with or without one bit wrong."""
        if not self.flip_bit or not data:
            return data
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@dataclass(slots=True)
class Faults:
    """The troubles still to come, in the order in which they were asked for."""

    coming: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, route: str) -> Fault:
        """The trouble of this request; one without any trouble when none is due."""
        with self.lock:
            for fault in self.coming:
                if fault.route in (route, "*"):
                    fault.times -= 1
                    if fault.times <= 0:
                        self.coming.remove(fault)
                    return fault
        return Fault(route)
