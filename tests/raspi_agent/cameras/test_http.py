import hashlib
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from raspi_agent.cameras.camera import CameraError
from raspi_agent.cameras.http import HttpCamera
from tests.raspi_agent.cameras.conftest import Answer, LyingServer, gives

LIMIT_S = 0.4  # what a camera gets here
GRACE_S = 0.5  # what the machine may add to it


def gives_in_turn(server: LyingServer, frames: list[bytes]) -> Answer:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        gives(frames[len(server.asked) - 1])(request)

    return answer


def gives_chunks(data: bytes, *, cut: bool = False) -> Answer:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(data), 7):
            part = data[at : at + 7]
            request.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        request.wfile.write(b"ff\r\nand then" if cut else b"0\r\n\r\n")

    return answer


def says(raw: bytes) -> Answer:
    return lambda request: (request.wfile.write(raw), None)[1]


def drips(server: LyingServer, beginning: bytes) -> Answer:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.wfile.write(beginning)
        while not server.over.wait(0.05):
            request.wfile.write(b"x")

    return answer


def floods(*, length: int | None) -> Answer:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        size = b"" if length is None else b"Content-Length: %d\r\n" % length
        request.wfile.write(b"HTTP/1.0 200 OK\r\n%s\r\n\xff\xd8\xff" % size)
        for _ in range(20):
            request.wfile.write(bytes(1_000_000))

    return answer


def test_the_first_picture_is_thrown_away(
    server: LyingServer, password_file: Path, jpeg: Callable[..., bytes]
) -> None:
    frames = [jpeg(b"before the lamp"), jpeg(b"lit")]
    server.answer = gives_in_turn(server, frames)
    shot = HttpCamera(f"{server.url}/capture?size=8&n=a b", password_file).capture(5)
    assert shot.data == frames[1]
    assert shot.taken_at is None
    assert shot.details == {"sha256": hashlib.sha256(frames[1]).hexdigest(), "repeats": 0}
    assert [path for path, _ in server.asked] == ["/capture?size=8&n=a%20b"] * 2
    assert "Authorization" not in server.asked[0][1]


@pytest.mark.parametrize("chunked", [False, True])
def test_every_way_of_sending_a_picture_will_do(
    server: LyingServer, password_file: Path, jpeg: Callable[..., bytes], chunked: bool
) -> None:
    data = jpeg(b"x" * 100_000)
    until_closed = says(b"HTTP/1.0 200 OK\r\n\r\n" + data)
    server.answer = gives_chunks(data) if chunked else until_closed
    assert HttpCamera(server.url, password_file, discard=0).capture(5).data == data


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (gives(b"\xff\xd8\xff" + bytes(50), length=5000), "closed after 53 of 5000 bytes; is its Wi-Fi weak"),
        (gives(b"\xff\xd8\xff" + bytes(50)), "a JPEG without its end"),
        (gives_chunks(b"\xff\xd8\xff" + bytes(50), cut=True), "does not speak HTTP as it should"),
        (gives(b"<!DOCTYPE html><html>"), "sends a web page; is this the address"),
        (gives(b""), "sends nothing; is this the address"),
        (gives(b"{}"), "sends no picture; is this the address"),
        (gives(b"--x", kind="multipart/x-mixed-replace; boundary=x"), "a video without end"),
        (gives(b"gone", status=404), "404 Not Found: no picture is there; an ESP32-CAM's is /capture"),
        (gives(b"busy", status=503), "503 Service Unavailable: start it anew"),
        (gives(b"who?", status=401), "401 Unauthorized: set user in .http. and write the password into"),
        (
            gives(b"", status=302, Location="http://eve:pw@127.0.0.1:1/a.jpg?token=pw"),
            "302 Found: it sends us on to http://127.0.0.1/a.jpg; if that is right",
        ),
        (gives(b"", status=302, Location="http://[fe80/a.jpg"), "302 Found: it sends us on to no address"),
        (says(b""), "hung up without an answer"),
        (says(b"220 FTP server ready\r\n"), "does not speak HTTP as it should .BadStatusLine"),
        (floods(length=None), "sends more than 2 MB, which is no picture"),
        (floods(length=20_000_003), "sends more than 2 MB, which is no picture"),
    ],
)
def test_a_lie_is_an_error_that_says_what_to_do(
    server: LyingServer, password_file: Path, answer: Answer, message: str
) -> None:
    server.answer = answer
    camera = HttpCamera(f"{server.url}/x?pwd=pw", password_file, discard=0, largest_bytes=2_000_000)
    with pytest.raises(CameraError, match=message) as caught:
        camera.capture(5)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(b"", id="stalls, a byte at a time from the status line on"),
        pytest.param(b"HTTP/1.0 200 OK\r\nX-Long: ", id="drips a header"),
        pytest.param(
            b"HTTP/1.0 200 OK\r\nContent-Length: 100000\r\n\r\n\xff\xd8\xff", id="drips its picture"
        ),
    ],
)
def test_a_camera_that_drips_ends_at_the_deadline(
    server: LyingServer, password_file: Path, beginning: bytes
) -> None:
    server.answer = drips(server, beginning)
    started_s = time.monotonic()
    with pytest.raises(CameraError, match="has not answered in time; is it switched on"):
        HttpCamera(server.url, password_file).capture(LIMIT_S)
    assert time.monotonic() - started_s < LIMIT_S + GRACE_S


def test_a_name_that_no_host_can_have_is_an_unknown_one(password_file: Path) -> None:
    with pytest.raises(CameraError, match="has a name that this network does not know"):
        HttpCamera("http://camera..local/capture", password_file).capture(5)


def test_a_camera_that_says_nothing_ends_at_the_deadline(password_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        started_s = time.monotonic()
        with pytest.raises(CameraError, match="has not answered in time"):
            HttpCamera(url, password_file).capture(LIMIT_S)
        assert time.monotonic() - started_s < LIMIT_S + GRACE_S


@pytest.mark.parametrize(
    ("host", "message"),
    [("127.0.0.1:1", "cannot be reached"), ("meter.invalid", "has a name that this network does not know")],
)
def test_a_camera_that_is_not_there(password_file: Path, host: str, message: str) -> None:
    with pytest.raises(CameraError, match=message):
        HttpCamera(f"http://{host}/capture", password_file).capture(20)


@pytest.mark.parametrize(
    ("frozen_after", "errors"),
    [(1, [False, True, True, False]), (2, [False, False, True, False]), (0, [False] * 4)],
)
def test_a_camera_that_repeats_itself_is_frozen(
    server: LyingServer,
    password_file: Path,
    jpeg: Callable[..., bytes],
    frozen_after: int,
    errors: list[bool],
) -> None:
    frames = [jpeg(b"a"), jpeg(b"a"), jpeg(b"a"), jpeg(b"b")]
    server.answer = gives_in_turn(server, frames)
    camera = HttpCamera(server.url, password_file, discard=0, frozen_after=frozen_after)
    for frozen in errors:
        if frozen:
            with pytest.raises(
                CameraError, match=r"same picture came . times.*start it anew, or raise frozen_after"
            ):
                camera.capture(5)
        else:
            camera.keep(camera.capture(5).details)


def test_a_frozen_camera_is_known_again_after_a_restart(
    server: LyingServer, password_file: Path, jpeg: Callable[..., bytes]
) -> None:
    server.answer = gives(jpeg())
    details = HttpCamera(server.url, password_file).capture(5).details
    restarted = HttpCamera(server.url, password_file)
    restarted.keep(details)
    with pytest.raises(CameraError, match="is frozen"):
        restarted.capture(5)


def test_a_strange_camera_s_details_are_no_trouble(
    server: LyingServer, password_file: Path, jpeg: Callable[..., bytes]
) -> None:
    server.answer = gives(jpeg())
    camera = HttpCamera(server.url, password_file)
    camera.keep({"sha256": 3, "repeats": "many"})
    camera.keep({"source": "a.jpg/1/2"})
    assert camera.capture(5).details["repeats"] == 0


def test_a_certificate_that_nobody_vouches_for_is_refused(password_file: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # it is the client that complains
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        with pytest.raises(CameraError, match="certificate that is not trusted"):
            HttpCamera(f"https://127.0.0.1:{server.server_port}", password_file).capture(5)
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://anna:gehe%20im@camera/capture", "holds a user or a password.*set user in .http."),
        ("http://anna@camera/capture", "holds a user or a password"),
        ("http:///capture", "is no address: it looks like"),
        ("ftp://camera/capture", "is no address: it looks like"),
        ("http://camera:gehe/capture", "camera_url is no address: .*port"),
        ("http://camera:99999/capture", "camera_url is no address: .*port"),
        ("http://[camera/capture", "camera_url is no address: it looks like"),
    ],
)
def test_an_address_that_cannot_be_one(password_file: Path, url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        HttpCamera(url, password_file)
    assert "gehe" not in str(caught.value)
