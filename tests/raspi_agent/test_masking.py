import base64
import json
import logging
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raspi_agent.masking import MASK, MaskingFormatter, known_secrets, mask_secrets

SECRET = st.text(
    "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNOPQRSTUVWXYZ0123456789-_", min_size=12, max_size=60
).filter(
    lambda text: any(letter.isdigit() for letter in text)  # or it may be a word of the sentence around it
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("GET http://admin:pa55@camera/capture 401", f"GET http://{MASK}@camera/capture 401"),
        ("http://admin:p@ss@camera:81/x", f"http://{MASK}@camera:81/x"),
        ("runs: http://camera/snap?usr=admin&pwd=pa55", f"runs: http://camera/snap?{MASK}"),
        ("Authorization: Basic YWRtaW46cGE1NQ==", f"Authorization: {MASK}"),
        ("{'Authorization': 'Bearer sl.abc'}", f"{{'Authorization': '{MASK}'}}"),
        ("sent Basic YWRtaW46cGE1NQ== to it", f"sent Basic {MASK} to it"),
        ("refresh_token=abc123&grant_type=x", f"refresh_token={MASK}&grant_type=x"),
        ('{"refresh_token": "abc123", "app_key": "k"}', f'{{"refresh_token": "{MASK}", "app_key": "k"}}'),
        ("password: hunter2", f"password: {MASK}"),
        ("client_secret='x y'", f"client_secret='{MASK} y'"),
        ("the token sl.BkZ1234567890abcdefgh was", f"the token {MASK} was"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, masked: str) -> None:
    assert mask_secrets(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "the camera wants basic authentication: write the password into secrets/camera-password",
        "taken: images/cellar/20260301/20260301_120000Z_000001.jpg",
        "Dropbox no longer accepts the link (invalid_access_token): run `link-dropbox` again",
        "user me@example.org at http://camera/capture",
    ],
)
def test_prose_stays(text: str) -> None:
    assert mask_secrets(text) == text


@given(user=SECRET, password=SECRET)
def test_no_way_to_write_a_password_shows_it(user: str, password: str) -> None:
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    for text in (
        f"http://{user}:{password}@camera/x",
        f"Authorization: Basic {encoded}",
        f"headers {{'authorization': 'Basic {encoded}'}}",
        f"password={password}",
        f'{{"refresh_token": "{password}"}}',
    ):
        masked = mask_secrets(text)
        assert password not in masked
        assert encoded not in masked


@given(secret=SECRET)
def test_a_known_secret_is_masked_wherever_it_stands(secret: str) -> None:
    assert secret not in mask_secrets(f"x{secret}y {secret!r}", (secret,))


def test_the_secrets_of_a_home_folder_are_known(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert known_secrets(tmp_path) == ()
    folder.mkdir()
    (folder / "dropbox.json").write_text(json.dumps({"app_key": "public-key", "refresh_token": "refresh-me"}))
    (folder / "camera-password").write_text("correct horse\n")
    (folder / "short").write_text("on\n")
    (folder / "binary").write_bytes(b"\xff\xfe")
    (folder / "folder").mkdir()
    assert known_secrets(tmp_path) == ("correct horse", "refresh-me")


def test_tracebacks_are_masked_too() -> None:
    formatter = MaskingFormatter("%(levelname)s %(message)s", secrets=("swordfish",))
    try:
        raise ValueError("http://u:p@x and swordfish")  # noqa: TRY301 - its text is what matters
    except ValueError:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "failed %s", ("swordfish",), sys.exc_info()
        )
    text = formatter.format(record)
    assert "swordfish" not in text
    assert "u:p@" not in text
    assert text.startswith(f"ERROR failed {MASK}\nTraceback")


def test_a_long_line_takes_no_time() -> None:
    for word in ("a" * 50_000, "http://" * 7_000, "basic " * 8_000, "token=" * 8_000):
        assert len(mask_secrets(word)) <= len(word) + 200_000
