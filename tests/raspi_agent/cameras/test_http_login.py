import base64
import http.server
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from raspi_agent.cameras.camera import CameraError
from raspi_agent.cameras.http import HttpCamera
from tests.raspi_agent.cameras.conftest import LyingServer, gives


def test_a_password_comes_from_its_file(
    server: LyingServer, password_file: Path, jpeg: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    login = "Basic " + base64.b64encode(b"anna:gehe im").decode()

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        gives(jpeg(), status=200 if request.headers["Authorization"] == login else 401)(request)

    server.answer = answer
    assert HttpCamera(server.url, password_file, user="anna").capture(5).data == jpeg()
    password_file.write_text("something else")
    with pytest.raises(CameraError, match="refuses the user anna with the password in") as caught:
        HttpCamera(server.url, password_file, user="anna").capture(5)
    assert "something else" not in str(caught.value) + caplog.text


def test_digest_authentication_is_named(server: LyingServer, password_file: Path) -> None:
    server.answer = gives(b"", status=401, WWW_Authenticate='Digest realm="camera"')
    with pytest.raises(CameraError, match="wants digest authentication; set it to basic"):
        HttpCamera(server.url, password_file, user="anna").capture(5)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, None])
def test_a_password_that_others_may_read_is_refused(
    server: LyingServer, password_file: Path, mode: int | None
) -> None:
    if mode is None:
        password_file.unlink()
    else:
        password_file.chmod(mode)
    with pytest.raises(CameraError, match=r"chmod 600" if mode else "is missing: write it into"):
        HttpCamera(server.url, password_file, user="anna").capture(5)
    assert not server.asked
