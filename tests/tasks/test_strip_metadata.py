import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.PngImagePlugin import PngInfo

from models.picture import decode_picture
from raspi_agent.capture_facts import CaptureFacts, embed_facts
from tasks.strip_metadata import without_metadata

SECRETS = (b"47.3769", b"Muster", b"Secret camera", b"cellar of", b"Exif", b"http://ns.adobe.com/xap", b"GPS")


def a_picture() -> Image.Image:
    shades = np.random.default_rng(3).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    return Image.fromarray(shades)


def exif() -> Image.Exif:
    found = Image.Exif()
    found[Base.Artist] = "Muster"
    found[Base.Make] = "Secret camera"
    place = found.get_ifd(IFD.GPSInfo)
    place[GPS.GPSLatitudeRef], place[GPS.GPSLatitude] = "N", (47.0, 22.0, 36.8)
    place[GPS.GPSAreaInformation] = b"ASCII\0\0\x0047.3769"
    return found


def saved(kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    a_picture().save(stream, kind, exif=exif(), **options)
    return stream.getvalue()


def telling_png() -> bytes:
    text = PngInfo()
    text.add_text("Author", "Muster")
    text.add_itxt("XML:com.adobe.xmp", "<x xmlns='http://ns.adobe.com/xap/1.0/'>47.3769</x>")
    return saved("PNG", pnginfo=text)


PICTURES = {
    "jpeg": saved("JPEG", comment=b"cellar of Muster", xmp=b"<x>Muster</x>"),
    "progressive": saved("JPEG", progressive=True, restart_marker_rows=1),
    "grey behind the end": saved("JPEG") + b"Secret camera trailer \xff\xd9",
    "facts": embed_facts(saved("JPEG"), CaptureFacts(camera="cellar of Muster")),
    "png": telling_png(),
    "png with facts": embed_facts(telling_png(), CaptureFacts(camera="cellar of Muster")),
}


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_but_the_pixels_is_left(name: str) -> None:
    data = PICTURES[name]
    assert any(secret in data for secret in SECRETS)
    bare = without_metadata(data)
    assert bare is not None
    assert not [secret for secret in SECRETS if secret in bare]
    with Image.open(io.BytesIO(bare)) as picture:
        assert not picture.getexif()
        assert not picture.info.keys() & {"exif", "xmp", "comment", "Author", "XML:com.adobe.xmp"}
    assert (decode_picture(bare) == decode_picture(data)).all()
    assert without_metadata(bare) == bare


@pytest.mark.parametrize(
    "data", [b"", b"no picture", saved("WEBP"), saved("TIFF"), PICTURES["jpeg"][:-9], PICTURES["png"][:-9]]
)
def test_other_types_and_cut_files_are_left_to_be_drawn_anew(data: bytes) -> None:
    assert without_metadata(data) is None


@given(st.integers(2, 1000), st.binary(min_size=1, max_size=30))
def test_damaged_bytes_never_raise(at: int, noise: bytes) -> None:
    for data in (PICTURES["jpeg"], PICTURES["png"]):
        without_metadata(data[:at] + noise + data[at + len(noise) :])
