from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raspi_agent.picture_key import (
    PictureKey,
    check_camera_name,
    format_picture_key,
    imported_key,
    parse_picture_key,
    synced_key,
    twin_key,
    unsynced_key,
)

NOON = datetime(2026, 3, 29, 12, 0, 7, tzinfo=UTC)

cameras = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,40}", fullmatch=True)
sequences = st.integers(0, 10**15)
extensions = st.sampled_from(["jpg", "png", "webp", "tiff"])
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
instants = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30))]))


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        (
            "images/home/20260329/20260329_120007Z_000042.jpg",
            PictureKey(camera="home", taken_at=NOON, sequence="000042"),
        ),
        (
            "images/home/20260329/20260329_120007Z_i0a1b2c3d.png",
            PictureKey(camera="home", taken_at=NOON, sequence="i0a1b2c3d", extension="png"),
        ),
        (
            "images/home/20260329/20260329_120007Z_000042~89abcdef.jpg",
            PictureKey(camera="home", taken_at=NOON, sequence="000042", twin="89abcdef"),
        ),
        (
            "images/cellar-2/unsynced/u10fcee1b_61250_000007.jpg",
            PictureKey(camera="cellar-2", boot="10fcee1b", boot_ms=61250, sequence="000007"),
        ),
        (
            "images/20260329_120007.png",
            PictureKey(camera=None, taken_local=NOON.replace(tzinfo=None), extension="png"),
        ),
    ],
)
def test_each_form_of_the_contract(key: str, parts: PictureKey) -> None:
    assert parse_picture_key(key) == parts
    assert format_picture_key(parts) == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        "images/home/20260329/20260329_120007Z_000042",
        "/images/home/20260329/20260329_120007Z_000042.jpg",
        "images/../home/20260329/20260329_120007Z_000042.jpg",
        "images/../20260329/20260329_120007Z_000042.jpg",
        "images\\home\\20260329\\20260329_120007Z_000042.jpg",
        "images/Home/20260329/20260329_120007Z_000042.jpg",
        "images/-home/20260329/20260329_120007Z_000042.jpg",
        f"images/{'a' * 42}/20260329/20260329_120007Z_000042.jpg",
        "images/home/20260330/20260329_120007Z_000042.jpg",
        "images/home/20260229/20260229_120007Z_000042.jpg",
        "images/home/20260329/20260329_240000Z_000042.jpg",
        "images/home/20260329/20260329_120007_000042.jpg",
        "images/home/20260329/20260329_120007Z_42.jpg",
        "images/home/20260329/20260329_120007Z_000042.exe",
        "images/home/20260329/20260329_120007Z_000042.jpg\n",
        "images/home/20260329/20260329_120007Z_٠٠٠٠٤٢.jpg",
        "images/home/unsynced/u10fcee1b_061250_000007.jpg",
        "images/20260329_120007Z.png",
        "images/20261329_120007.png",
        "log/20260329_120007.png",
    ],
)
def test_other_names_are_no_keys(key: str) -> None:
    assert parse_picture_key(key) is None


@given(camera=cameras, taken_at=instants, sequence=sequences, extension=extensions)
def test_a_synced_key_gives_back_what_went_in(
    camera: str, taken_at: datetime, sequence: int, extension: str
) -> None:
    try:
        second = taken_at.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        return
    key = synced_key(camera, taken_at, sequence, extension)
    picture = parse_picture_key(key)
    assert picture is not None
    assert (picture.camera, picture.taken_at, int(picture.sequence or "")) == (camera, second, sequence)
    assert not picture.is_local_time
    assert not picture.is_imported
    assert format_picture_key(picture) == key


@given(camera=cameras, boot_id=st.uuids(), boot_ms=st.integers(0, 10**12), sequence=sequences)
def test_an_unsynced_key_gives_back_what_went_in(
    camera: str, boot_id: object, boot_ms: int, sequence: int
) -> None:
    picture = parse_picture_key(unsynced_key(camera, str(boot_id), boot_ms, sequence))
    assert picture is not None
    assert (picture.boot, picture.boot_ms, picture.taken_at) == (str(boot_id)[:8], boot_ms, None)


@given(taken_at=instants.filter(lambda at: 2 <= at.year <= 9998), content=hashes, other=hashes)
def test_an_imported_picture_keeps_its_key_and_its_twin_gets_another(
    taken_at: datetime, content: str, other: str
) -> None:
    key = imported_key("home", taken_at, content)
    assert key == imported_key("home", taken_at.astimezone(UTC), content)
    twin = parse_picture_key(twin_key(key, other))
    assert twin is not None
    assert (twin.is_imported, twin.twin) == (True, other[:8])


@given(st.text())
def test_any_text_is_a_key_or_none(text: str) -> None:
    picture = parse_picture_key(text)
    assert picture is None or format_picture_key(picture) == text


@pytest.mark.parametrize(
    ("key", "twin"),
    [
        ("images/a/x_000001.jpg", "images/a/x_000001~deadbeef.jpg"),
        ("no extension", "no extension~deadbeef"),
        ("folder.d/name", "folder.d/name~deadbeef"),
    ],
)
def test_a_twin_keeps_its_extension(key: str, twin: str) -> None:
    assert twin_key(key, "deadbeef" * 8) == twin


def test_the_originals_names_have_no_zone() -> None:
    picture = parse_picture_key("images/20261025_023000.png")
    assert picture is not None
    assert picture.is_local_time
    assert picture.taken_local is not None
    assert picture.taken_local.tzinfo is None


@pytest.mark.parametrize("name", ["", "Home", "a/b", "..", "-a", "ä", "a" * 42, "a\n"])
def test_weird_cameras_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a camera"):
        check_camera_name(name)
    with pytest.raises(ValueError, match="no name for a camera"):
        synced_key(name, NOON, 1)


@pytest.mark.parametrize(
    "parts",
    [
        PictureKey(camera="home"),
        PictureKey(camera="home", taken_at=NOON),
        PictureKey(camera="home", taken_at=NOON.replace(microsecond=1), sequence="000001"),
        PictureKey(camera=None, taken_at=NOON, sequence="000001"),
        PictureKey(camera="home", taken_at=NOON, boot_ms=5, sequence="000001"),
    ],
)
def test_parts_that_are_no_key_are_refused(parts: PictureKey) -> None:
    with pytest.raises(ValueError, match="has no key"):
        format_picture_key(parts)


def test_an_instant_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        synced_key("home", NOON.replace(tzinfo=None), 1)
