"""Cameras in the network that answer a request with a picture: ESP32-CAM, AI-on-the-edge, IP cameras."""

import base64
import hashlib
import http.client
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from raspi_agent.cameras.camera import CameraError, Shot
from raspi_agent.http_get import explain_failure, get_within, parse_address
from raspi_agent.picture_bytes import is_complete_jpeg, sniff

_CHUNK_BYTES = 65_536
_PLACES = "an ESP32-CAM's is /capture, AI-on-the-edge's /img_tmp/raw.jpg"


class HttpCamera:
    """A camera whose picture is at an address; see `Camera`.

    A live sensor never gives the same bytes twice: a camera that does has stopped looking.

    Args:
        url: `http://` or `https://`, the whole address of one picture. No password in it.
        password_file: holds the password of `user`, for nobody else to read; read before each request.
        user: for basic authentication; empty for none.
        discard: how many pictures to throw away before the one that counts.
        largest_bytes: what is larger is no picture.
        frozen_after: so many repeats of the same picture are an error; 0 for any number.

    Raises:
        ValueError: the address cannot be one.
    """

    is_live = True

    def __init__(
        self,
        url: str,
        password_file: Path,
        *,
        user: str = "",
        discard: int = 1,
        largest_bytes: int = 16_000_000,
        frozen_after: int = 1,
    ) -> None:
        remedy = f"set user in [http] and write the password into {password_file}"
        self._address = parse_address(url, setting="camera_url", remedy=remedy)
        self._name = f"the camera at {self._address.shown}"
        self._password_file = password_file
        self._user = user
        self._discard = discard
        self._largest_bytes = largest_bytes
        self._frozen_after = frozen_after
        self._last_sha256 = ""
        self._repeats = 0

    def capture(self, timeout_s: float) -> Shot:
        """The picture the camera sees now; see `Camera.capture`."""
        ends_at_s = time.monotonic() + timeout_s
        headers = self._headers()
        for _ in range(self._discard + 1):
            data = self._fetch(headers, ends_at_s)
        self._check_picture(data)
        return Shot(data, details=self._check_freshness(data))

    def keep(self, details: Mapping[str, Any]) -> None:
        """Know the last picture again, that of an earlier run too; see `Camera.keep`."""
        sha256, repeats = details.get("sha256"), details.get("repeats", 0)
        if isinstance(sha256, str) and isinstance(repeats, int) and sha256 != self._last_sha256:
            self._last_sha256, self._repeats = sha256, repeats

    def close(self) -> None:
        """Nothing is held; see `Camera.close`."""

    def _fetch(self, headers: Mapping[str, str], ends_at_s: float) -> bytes:
        try:
            return get_within(self._address, self._read, ends_at_s, headers=headers)
        except (OSError, http.client.HTTPException) as error:
            message = f"{self._name} {explain_failure(error)}"
            raise CameraError(message) from error

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        self._check_status(response)
        expected_bytes = response.length
        body = bytearray()
        while chunk := response.read1(_CHUNK_BYTES):
            body += chunk
            if max(len(body), expected_bytes or 0) > self._largest_bytes:
                message = (
                    f"{self._name} sends more than {self._largest_bytes / 1e6:.0f} MB, which is no picture;"
                    " is this the address of a video? largest_mb in [http] allows more"
                )
                raise CameraError(message)
        if expected_bytes is not None and len(body) != expected_bytes:
            message = f"{self._name} closed after {len(body)} of {expected_bytes} bytes; is its Wi-Fi weak?"
            raise CameraError(message)
        return bytes(body)

    def _check_status(self, response: http.client.HTTPResponse) -> None:
        if response.status == http.HTTPStatus.OK:
            if response.headers.get_content_maintype() == "multipart":
                message = f"{self._name} sends a video without end; give the address of a single picture"
                raise CameraError(message)
            return
        match response.status:
            case 401 | 403 if self._user:
                remedy = f"it refuses the user {self._user} with the password in {self._password_file}"
                if response.headers.get("WWW-Authenticate", "").lower().startswith("digest"):
                    remedy = "it wants digest authentication; set it to basic"
            case 401 | 403:
                remedy = f"set user in [http] and write the password into {self._password_file}"
            case 404:
                remedy = f"no picture is there; {_PLACES}"
            case 301 | 302 | 303 | 307 | 308:
                where = _place(response.headers.get("Location", ""))
                remedy = f"it sends us on to {where}; if that is right, write it into camera_url"
            case _:
                remedy = "start it anew if this stays"
        # its own words may repeat our password
        meaning = http.client.responses.get(response.status, "")
        message = f"{self._name} answers {response.status} {meaning}: {remedy}"
        raise CameraError(message)

    def _check_picture(self, data: bytes) -> None:
        if sniff(data) is None:
            what = "a web page" if data.lstrip()[:1] == b"<" else "nothing" if not data else "no picture"
            message = f"{self._name} sends {what}; is this the address of its picture? {_PLACES}"
            raise CameraError(message)
        if sniff(data) == "image/jpeg" and not is_complete_jpeg(data):
            message = (
                f"{self._name} sends a JPEG without its end; a smaller picture or a better power supply helps"
            )
            raise CameraError(message)

    def _check_freshness(self, data: bytes) -> dict[str, Any]:
        sha256 = hashlib.sha256(data).hexdigest()
        self._repeats = self._repeats + 1 if sha256 == self._last_sha256 else 0
        self._last_sha256 = sha256
        if self._frozen_after and self._repeats >= self._frozen_after:
            message = (
                f"{self._name} is frozen: the same picture came {self._repeats + 1} times, bit by bit;"
                " start it anew, or raise frozen_after in [http] if it is asked more often than it looks"
            )
            raise CameraError(message)
        return {"sha256": sha256, "repeats": self._repeats}

    def _headers(self) -> dict[str, str]:
        if not self._user:
            return {}
        login = f"{self._user}:{_read_password(self._password_file)}".encode()
        return {"Authorization": f"Basic {base64.b64encode(login).decode()}"}


def _place(location: str) -> str:
    """An address as messages may show it, where it is one."""
    try:
        to = urlsplit(location)
    except ValueError:
        return "no address"
    return f"{to.scheme}://{to.hostname}{to.path}" if to.hostname else to.path


def _read_password(path: Path) -> str:
    """The password, its last line break not being part of it.

    Raises:
        CameraError: there is none, or others may read it.
    """
    try:
        with path.open(encoding="utf-8") as file:
            if path.stat().st_mode & 0o077:
                remedy = f"chmod 600 {shlex.quote(str(path))}"
                raise CameraError(f"others may read {path}: {remedy}, and change the password")
            return file.read().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        message = f"the camera's password is missing: write it into {path} and chmod 600 it ({error})"
        raise CameraError(message) from error
