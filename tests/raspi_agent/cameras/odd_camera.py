"""A camera program that does as it is told: the worker is ours, the camera at its edge is played."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from raspi_agent.cameras.camera import Shot
from raspi_agent.cameras.worker import serve

PICTURE = b"\xff\xd8 a picture " + bytes(200_000) + b"\xff\xd9"
TAKEN_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEAF_CHILD = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


class OddCamera:
    """Does `how`: while opening, or from the second picture on; in the first process that uses the folder."""

    def __init__(self, how: str, folder: Path) -> None:
        self.how = how
        self.shots = 0
        try:
            (folder / how).mkdir()
        except FileExistsError:
            self.how = "well"
        match self.how:
            case "opens slowly":
                time.sleep(0.8)
            case "does not open":
                raise RuntimeError("no cameras available")
            case "dies while opening":
                os.abort()

    def shoot(self, within_s: float) -> Shot:
        sys.stdout.write("libcamera prints this to stdout\n")
        sys.stdout.flush()
        self.shots += 1
        if self.shots > 1:
            self._be_odd()
        return Shot(PICTURE, taken_at=TAKEN_AT, details={"pid": os.getpid(), "within_s": within_s})

    def close(self) -> None:
        if self.how == "does not let go":
            time.sleep(600)

    def _be_odd(self) -> None:
        match self.how:
            case "hangs":
                time.sleep(600)
            case "hangs, deaf":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                time.sleep(600)
            case "hangs with a child":
                sys.stderr.write(f"child {subprocess.Popen([sys.executable, '-c', DEAF_CHILD]).pid}\n")
                sys.stderr.flush()
                time.sleep(600)
            case "stops":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "aborts":
                sys.stderr.write("vector::operator[]: assertion failed\n")
                sys.stderr.flush()
                os.abort()
            case "exits":
                os._exit(3)
            case "fails":
                raise RuntimeError("camera frontend has timed out")
            case "talks nonsense":
                os.write(_answers(), b"GIF89a and so on, and on, and on")
            case "chatters":
                sys.stderr.write("".join(f"line {number}\n" for number in range(5000)))


def _answers() -> int:
    """The pipe of the answers: the only blocking one besides stdin, stdout and stderr."""
    opened = [
        int(link.name) for link in Path("/proc/self/fd").iterdir() if int(link.name) > 2 and link.exists()
    ]
    return next(each for each in opened if os.get_blocking(each))


if __name__ == "__main__":
    sys.exit(serve(lambda: OddCamera(sys.argv[1], Path(sys.argv[2]))))
