import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from raspi_agent.capture_facts import CaptureFacts, embed_facts, format_facts, parse_facts, read_facts

instants = st.datetimes(timezones=st.just(UTC))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
facts_of_any_kind = st.builds(
    CaptureFacts,
    camera=st.from_regex(r"[a-z0-9][a-z0-9_-]{0,40}", fullmatch=True),
    taken_at=st.none() | instants,
    clock_synchronised=st.booleans(),
    slot_at=st.none() | instants,
    boot_id=st.uuids().map(str),
    boot_ms=st.integers(0, 10**12),
    sequence=st.none() | st.integers(0, 10**9),
    details=st.dictionaries(st.text(), json_values, max_size=3),
)
FACTS = CaptureFacts(
    camera="home",
    taken_at=datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
    clock_synchronised=True,
    slot_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    boot_id="10fcee1b-2107-4f30-9c43-f232a4264c58",
    boot_ms=61250,
    sequence=42,
    details={"exposure_us": 20000, "gains": [1.5, 2.0]},
)


@given(facts=facts_of_any_kind)
def test_a_jpeg_brings_its_facts_along(jpeg: Callable[..., bytes], facts: CaptureFacts) -> None:
    picture = embed_facts(jpeg(b"scan"), facts)
    assert read_facts(picture) == facts
    assert picture.endswith(jpeg(b"scan")[20:])


@given(facts=facts_of_any_kind)
def test_a_png_brings_its_facts_along(png: bytes, facts: CaptureFacts) -> None:
    assert read_facts(embed_facts(png, facts)) == facts


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_decoders_see_the_same_picture_and_the_facts_as_its_comment(kind: str) -> None:
    file = io.BytesIO()
    Image.linear_gradient("L").save(file, kind)
    before, after = file.getvalue(), embed_facts(file.getvalue(), FACTS)
    with Image.open(io.BytesIO(before)) as old, Image.open(io.BytesIO(after)) as new:
        assert old.tobytes() == new.tobytes()
        comment = new.info.get("comment") or new.info.get("smartmeter")
    assert format_facts(FACTS) in str(comment)


def test_facts_stand_behind_exif_and_replace_older_ones(jpeg: Callable[..., bytes]) -> None:
    plain = jpeg(b"scan", exif=b"Exif\x00\x00data")
    once = embed_facts(plain, FACTS)
    assert once.index(b"Exif") < once.index(b"smartmeter ")
    assert embed_facts(embed_facts(plain, CaptureFacts(camera="other")), FACTS) == once


@pytest.mark.parametrize("data", [b"", b"text", b"BM bitmap", b"GIF89a", b"RIFF\x00\x00\x00\x00WEBP"])
def test_other_types_stay_as_they_are(data: bytes) -> None:
    assert embed_facts(data, FACTS) == data
    assert read_facts(data) is None


@pytest.mark.parametrize(
    "details", [{"huge": "x" * 70_000}, {"not json": object()}, {"nan": float("nan")}, {1j: "key"}]
)
def test_details_that_do_not_fit_are_left_out_not_the_picture(
    jpeg: Callable[..., bytes], details: dict[Any, Any]
) -> None:
    facts = read_facts(embed_facts(jpeg(b"scan"), CaptureFacts(camera="home", details=details)))
    assert facts == CaptureFacts(camera="home")


@pytest.mark.parametrize(
    ("name", "written"),
    [("Z\udce4hler.jpg", "Z?hler.jpg"), ("Zähler.jpg", "Zähler.jpg"), ("\U0001f600\udcff", "\U0001f600?")],
)
@pytest.mark.parametrize("padding", [0, 66_000])
def test_half_a_letter_becomes_a_question_mark(name: str, written: str, padding: int) -> None:
    line = format_facts(CaptureFacts(camera=name, details={"source": name, "x": "x" * padding}))
    facts = parse_facts(line)
    assert line.isascii()
    assert facts is not None
    assert (facts.camera, facts.details.get("source", written)) == (written, written)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"\xff\xd8\xff\xfe\x00\x20smartmeter {", b"\x89PNG\r\n\x1a\n", b""]),
)
def test_garbage_has_no_facts(rest: bytes, start: bytes) -> None:
    assert read_facts(start + rest) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        format_facts(FACTS).replace("42", "1" * 5000),
        format_facts(FACTS).replace("2026-03-01", "2026-02-30"),
        format_facts(FACTS).replace("20000", "NaN"),
        format_facts(FACTS).replace("61250", "Infinity"),
        format_facts(FACTS).replace("61250", '"soon"'),
        format_facts(FACTS).replace("61250", "-1"),
        format_facts(FACTS).replace("61250", str(10**13)),
    ],
)
def test_other_lines_are_no_facts(text: str) -> None:
    assert parse_facts(text) is None


@given(facts=facts_of_any_kind, cut=st.integers(0, 400))
def test_a_cut_picture_has_its_facts_or_none(
    jpeg: Callable[..., bytes], facts: CaptureFacts, cut: int
) -> None:
    assert read_facts(embed_facts(jpeg(b"scan"), facts)[:cut]) in (None, facts)
