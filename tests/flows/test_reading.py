"""What `smartmeter read` makes of files that no camera should have written."""

import contextlib
import io
import json
import os
import re
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

_MEMORY_MB = 700


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _counter(mode: str = "RGB") -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (48, 200, 3), np.uint8)
    return Image.fromarray(noise).convert(mode)


def _png(width: int, height: int) -> bytes:
    """A whole black picture of any size, one bit per pixel, written without holding it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compressobj(1)
    line = bytes(1 + (width + 7) // 8)
    packed = b"".join(rows.compress(line) for _ in range(height)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


_NO_COUNTER = {"no_counter", "blurred", "covered", "dark"}
_CASES: dict[str, tuple[bytes, set[str]]] = {
    "empty.jpg": (b"", {"empty"}),
    "no_pixels.png": (_png(0, 0), {"truncated", "not_a_picture", "too_small"}),
    "one_pixel.png": (_png(1, 1), {"too_small"}),
    "giant.png": (_png(20_000, 20_000), {"too_large"}),
    "ribbon.png": (_png(1_000_000, 9), _NO_COUNTER),
    "tower.png": (_png(9, 1_000_000), _NO_COUNTER),
    "cmyk.jpg": (_saved(_counter("CMYK"), "JPEG"), _NO_COUNTER),
    "sixteen_bits.png": (_saved(_counter("I;16"), "PNG"), _NO_COUNTER),
    "palette.png": (_saved(_counter("P"), "PNG"), _NO_COUNTER),
    "clear.png": (_saved(Image.new("RGBA", (200, 48), (0, 0, 0, 0)), "PNG"), _NO_COUNTER),
    "moving.gif": (_saved(_counter(), "GIF", save_all=True, append_images=[_counter("L")]), _NO_COUNTER),
    "truncated.jpg": (_saved(_counter(), "JPEG")[:900], {"truncated"}),
    "page.jpg": (b"<!DOCTYPE html><html><body>404</body></html>", {"not_a_picture"}),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, dict[str, object]], str, int, int]:
    """What the command says of all of them: lines by name, errors, exit code, megabytes at most."""
    folder = tmp_path_factory.mktemp("odd")
    for name, (data, _) in _CASES.items():
        (folder / name).write_bytes(data)
    names = [*_CASES, "missing.jpg", "."]
    command = [sys.executable, "-m", "flows.cli", "read", "--window", "--json", *names]
    out, err = folder / "out", folder / "err"
    with out.open("w") as output, err.open("w") as errors:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=errors, env=_environment())
        megabytes = _peak_megabytes(process)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    by_name = {str(line["picture"]): line for line in lines}
    return by_name, err.read_text(), process.returncode, megabytes


def _peak_megabytes(process: "subprocess.Popen[bytes]") -> int:
    """The most memory a process has held until it ended.

    Not what the kernel adds up for its parent: that counts the parent's own pages, which a fork shares.
    """
    peak = 0
    while process.poll() is None:
        # The last look may find the process gone.
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = max([peak, *(int(kb) // 1024 for kb in re.findall(r"VmHWM:\s+(\d+)", status))])
        time.sleep(0.02)
    return peak


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


@pytest.mark.parametrize("name", _CASES)
def test_odd_files_get_a_reason(
    answers: tuple[dict[str, dict[str, object]], str, int, int], name: str
) -> None:
    line = answers[0][name]
    assert line["reason"] in _CASES[name][1]
    assert (line["reading"], line["confidence"], line["candidates"]) == (None, 0.0, [])


@pytest.mark.parametrize("name", ["missing.jpg", "."])
def test_what_is_no_file_is_a_line_too(
    answers: tuple[dict[str, dict[str, object]], str, int, int], name: str
) -> None:
    assert answers[0][name]["reason"]


def test_the_command_fails_in_peace_and_within_memory(
    answers: tuple[dict[str, dict[str, object]], str, int, int],
) -> None:
    _, errors, code, megabytes = answers
    assert (errors, code) == ("", 1)
    assert megabytes < _MEMORY_MB
