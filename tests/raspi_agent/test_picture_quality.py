import io
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from raspi_agent.picture_quality import judge_picture


def picture(
    size: tuple[int, int] = (640, 480),
    *,
    ground: int = 120,
    ink: int = 20,
    kind: str = "JPEG",
    **options: object,
) -> bytes:
    """Digits on a ground that has a sensor's noise."""
    noise = Image.frombytes("L", (160, 120), random.Random(1).randbytes(160 * 120))
    drawn = Image.blend(Image.new("L", (160, 120), ground), noise, 8 / 255).resize(size)
    ImageDraw.Draw(drawn).text((size[0] // 4, size[1] // 4), "036109", fill=ink, font_size=size[1] // 4)
    file = io.BytesIO()
    drawn.convert("RGB").save(file, kind, **options)
    return file.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A few kilobytes that say they unfold to so many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(2_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def without_its_middle(data: bytes) -> bytes:
    return data[: len(data) // 3] + data[-len(data) // 3 :]


FINE = picture()
HTML = b"<!DOCTYPE html><html><title>401</title>" + b"x" * 4096


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        pytest.param(FINE, None, id="a photograph"),
        pytest.param(picture((4056, 3040)), None, id="12 megapixels"),
        pytest.param(picture((160, 120)), None, id="an ESP32-CAM's smallest"),
        pytest.param(picture(progressive=True), None, id="progressive"),
        pytest.param(picture(kind="PNG"), None, id="PNG"),
        pytest.param(picture(kind="BMP"), None, id="BMP"),
        pytest.param(picture(kind="WEBP"), None, id="WebP"),
        pytest.param(picture(kind="GIF"), None, id="GIF"),
        pytest.param(FINE + b"\r\n--boundary\r\n", None, id="with a rest of its transport"),
        pytest.param(picture(ground=40, ink=10), None, id="dim, but legible"),
        pytest.param(picture(ground=235, ink=20), None, id="a white face"),
        pytest.param(picture(ground=2, ink=1), "dark", id="no lamp"),
        pytest.param(picture(ground=2, ink=1, kind="PNG"), "dark", id="no lamp, PNG"),
        pytest.param(picture(ground=255, ink=255), "bright", id="burnt out"),
        pytest.param(FINE[: len(FINE) // 2], "truncated", id="half a JPEG"),
        pytest.param(FINE[:-2], "truncated", id="a JPEG less its end"),
        pytest.param(picture(kind="PNG")[:-20], "truncated", id="a PNG less its end"),
        pytest.param(picture(kind="BMP")[:-20], "truncated", id="a BMP less its end"),
        pytest.param(picture(kind="WEBP")[:-20], "truncated", id="a WebP less its end"),
        pytest.param(without_its_middle(picture(kind="PNG")), "truncated", id="a PNG without its middle"),
        pytest.param(b"", "not_a_picture", id="nothing"),
        pytest.param(HTML, "not_a_picture", id="a web page"),
        pytest.param(b"\xff\xd8\xff\xe0" + HTML, "truncated", id="a JPEG's beginning and rubbish"),
        pytest.param(b"II*\x00" + bytes(4096), "not_a_picture", id="a TIFF's beginning and rubbish"),
        pytest.param(picture((32, 24), quality=20), "too_small", id="an icon"),
        pytest.param(png_that_claims(50_000, 40_000), "not_a_picture", id="a bomb"),
        pytest.param(png_that_claims(11_000, 8_000), "not_a_picture", id="a smaller bomb"),
    ],
)
def test_what_is_wrong_with_a_picture(data: bytes, verdict: str | None) -> None:
    assert judge_picture(data) == verdict


def test_without_pillow_only_the_bytes_are_judged(tmp_path: Path) -> None:
    for name, ground in (("dark", 2), ("cut", 120)):
        data = picture(ground=ground)
        (tmp_path / name).write_bytes(data if name == "dark" else data[:-2])
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "from pathlib import Path; from raspi_agent.picture_quality import judge_picture\n"
        "print([judge_picture(Path(name).read_bytes()) for name in sys.argv[1:]])"
    )
    command = [sys.executable, "-S", "-c", program, str(tmp_path / "dark"), str(tmp_path / "cut")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert ended.stdout == "[None, 'truncated']\n"
