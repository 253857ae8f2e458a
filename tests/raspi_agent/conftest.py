import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import traceback
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest

_TABLES = b"\xff\xdb\x00\x04\x00\x01"
_SCAN = b"\xff\xda\x00\x04\x00\x00"


@pytest.fixture(scope="session")
def jpeg() -> Callable[..., bytes]:
    """A function that makes a JPEG's skeleton: its header real, its scan the bytes given."""

    def make(scan: bytes = b"scan", *, exif: bytes = b"") -> bytes:
        app0 = b"\xff\xe0\x00\x10JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x00\x00"
        app1 = b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif if exif else b""
        return b"\xff\xd8" + app0 + app1 + _TABLES + _SCAN + scan.replace(b"\xff", b"\xff\x00") + b"\xff\xd9"

    return make


@pytest.fixture(scope="session")
def png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x80")
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.fixture(scope="session")
def with_no_space() -> Callable[[int, Callable[[], None]], None]:
    """A function that runs a program where no file can grow beyond so many bytes: a full disk without a disk.

    It runs in a child, because the limit holds for everything that its process writes, test reports included.
    """

    def run(size_bytes: int, program: Callable[[], None]) -> None:
        child = os.fork()
        if child == 0:
            signal.alarm(30)
            before = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
            try:
                program()
            except BaseException:  # noqa: BLE001 - nothing may get back into pytest's copy in the child
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0

    return run


@pytest.fixture(scope="session")
def killed_before_call() -> Callable[[int, Callable[[Callable[[str], None]], None]], tuple[list[str], bool]]:
    """A function that runs a program in a child of this process and kills it before its n-th file call.

    The program gets a function by which it makes promises; the result is the promises and whether the
    program was killed, False when it ended before.
    """

    def run(n: int, program: Callable[[Callable[[str], None]], None]) -> tuple[list[str], bool]:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            signal.alarm(30)
            _live_until(n, program, os.fdopen(writing, "w", buffering=1))
        os.close(writing)
        with os.fdopen(reading) as promises:
            said = promises.read().split()
        status = os.waitpid(child, 0)[1]
        assert status in (0, signal.SIGKILL)
        return said, status != 0

    return run


def _live_until(n: int, program: Callable[[Callable[[str], None]], None], promises: TextIO) -> None:
    left = n

    def count(event: str, _: object) -> None:
        nonlocal left
        if event in {"open", "os.link", "os.rename", "os.remove", "os.mkdir", "os.utime"}:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(count)
        program(lambda promise: print(promise, file=promises))
    except BaseException:  # noqa: BLE001 - nothing may get back into pytest's copy in the child
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A function that puts `tmp_path` on a disk of 4 MB of which others leave so many bytes."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(tmp_path)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a disk can't be mounted here: that takes root")

    def leave(left_bytes: int) -> Path:
        (tmp_path / "others").write_bytes(bytes(shutil.disk_usage(tmp_path).free - left_bytes))
        return tmp_path

    yield leave
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=False)
