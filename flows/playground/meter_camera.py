"""A camera in the network that looks at a simulated household's meter, with faults on demand."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal, Self, get_args
from urllib.parse import parse_qs, urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from models.rendering.meter import MeterFace, draw_frame, encode_jpeg, register_corners
from tasks.metering.register import Register
from tasks.metering.simulation import MINUTES_PER_DAY, register_positions, simulate_household

Fault = Literal["dark", "blur", "frozen", "cut", "hang", "html", "404"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
SEED = 2020
REGISTER = Register(register_id="home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)

_EPOCH = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
_DAYS = 364  # whole weeks, so that a household can repeat itself and keep its weekends
_START_UNITS = 361_097.0
_LONGEST_HANG_S = 600.0
_HTML = b"<!DOCTYPE html><html><title>Camera</title><p>Please log in.</html>"


@dataclass(frozen=True, slots=True)
class Truth:
    """Where the simulated register stands.

    Attributes:
        at: the instant, UTC.
        position_units: the position of its last drum, in its units; the fraction shows it rolling.
    """

    at: datetime
    position_units: float

    @property
    def reading(self) -> str:
        """Its drums from left to right, the last one as it leaves its digit behind."""
        return f"{int(self.position_units):0{REGISTER.digits}d}"

    def as_json(self) -> bytes:
        """The truth for `/truth`."""
        fields = {
            "at": self.at.isoformat(),
            "reading": self.reading,
            "position_units": round(self.position_units, 4),
            "energy_wh": round(self.position_units * REGISTER.unit_wh, 1),
        }
        return json.dumps(fields).encode()


def truth_at(at: datetime) -> Truth:
    """Where the register stands at an instant: the same for ever, whenever and wherever it is asked."""
    positions = _positions()
    minutes = (at - _EPOCH) / timedelta(minutes=1)
    years, minute = divmod(minutes, _DAYS * MINUTES_PER_DAY)
    within = np.interp(minute, np.arange(positions.size), positions)
    return Truth(at, float((_START_UNITS + years * positions[-1] + within) % REGISTER.span_units))


class MeterCamera:
    """The camera, alive within a `with` block, each answer in its own thread.

    `/capture` gives a picture of now and obeys `?fault=NAME`; `/truth` what the register really shows;
    `/light/on` and `/light/off` switch the lamp, which is on at first.

    Args:
        host: where it listens.
        port: 0 for a free one.
        face: the meter and how the camera sees it.
        fault: what goes wrong without being asked for.
        fault_every: with every how many-th picture.
        now: tells the time.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        face: MeterFace | None = None,
        fault: Fault | None = None,
        fault_every: int = 1,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.face = face or MeterFace(digits=REGISTER.digits, decimals=REGISTER.decimals, seed=SEED)
        self.is_lit = True
        self.over = threading.Event()
        self._fault = fault
        self._fault_every = fault_every
        self._now = now
        self._lock = threading.Lock()
        self._pictures = 0
        self._first = b""
        self._server = _Server((host, port), self)

    @property
    def url(self) -> str:
        """Its address, without a path."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def window(self) -> tuple[float, ...]:
        """The register's corners in its pictures, as the setting `window` wants them."""
        return tuple(round(number, 1) for corner in register_corners(self.face) for number in corner)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def next_fault(self, asked: str | None) -> str | None:
        """What goes wrong with the next picture: what was asked for, else what is due."""
        with self._lock:
            self._pictures += 1
            due = self._fault is not None and self._pictures % self._fault_every == 0
        return asked or (self._fault if due else None)

    def photograph(self, fault: str | None) -> bytes:
        """A JPEG of the meter as it stands now."""
        if fault == "frozen" and self._first:
            return self._first
        light = 1.0 if self.is_lit and fault != "dark" else 0.0
        with self._lock:  # OpenCV uses all processors for one picture anyway
            frame = draw_frame(self.face, self.truth().position_units, light=light, seed=self._pictures)
        if fault == "blur":
            frame = np.asarray(Image.fromarray(frame).filter(ImageFilter.GaussianBlur(9)))
        data = encode_jpeg(frame)
        self._first = self._first or data
        return data[: len(data) // 2] if fault == "cut" else data

    def truth(self) -> Truth:
        """Where the register stands now."""
        return truth_at(self._now())


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], camera: MeterCamera) -> None:
        super().__init__(address, _Handler)
        self.camera = camera


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Answer as the path says."""
        camera, address = self.server.camera, urlsplit(self.path)
        match address.path:
            case "/capture":
                self._capture(camera, parse_qs(address.query).get("fault", [None])[0])
            case "/truth":
                self._answer(camera.truth().as_json(), "application/json")
            case "/light/on" | "/light/off":
                camera.is_lit = address.path.endswith("on")
                self._answer(b"ok\n", "text/plain")
            case _:
                self._refuse(HTTPStatus.NOT_FOUND, "There are /capture, /truth, /light/on and /light/off.")

    def _capture(self, camera: MeterCamera, asked: str | None) -> None:
        fault = camera.next_fault(asked)
        match fault:
            case None | "dark" | "blur" | "frozen" | "cut":
                self._answer(camera.photograph(fault), "image/jpeg")
            case "hang":
                camera.over.wait(_LONGEST_HANG_S)
            case "html":
                self._answer(_HTML, "text/html")
            case "404":
                self._refuse(HTTPStatus.NOT_FOUND, "As you wished.")
            case _:
                self._refuse(
                    HTTPStatus.BAD_REQUEST, f"There is no such fault; there are {', '.join(FAULTS)}."
                )

    def _answer(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        self._answer(f"{sentence}\n".encode(), "text/plain", status)

    def log_message(self, *_: object) -> None:
        """Say nothing: whoever looks on has the agent's own log."""


@lru_cache(maxsize=1)
def _positions() -> NDArray[np.float64]:
    """How far the register has come at every minute of the household's year, in units of its last drum."""
    return register_positions(simulate_household(_EPOCH, _DAYS, SEED), 0.0, REGISTER)
