import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from raspi_agent.lamps.http import HttpLamp
from raspi_agent.light import LightError


class Socket(http.server.ThreadingHTTPServer):
    """A socket that addresses switch."""

    is_on = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Socket

    def do_GET(self) -> None:
        known = self.path in {"/relay/0?turn=on", "/relay/0?turn=off"}
        if known:
            self.server.is_on = self.path.endswith("on")
        self.send_response(200 if known else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def lamp_socket() -> Iterator[Socket]:
    with Socket(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_one_address_turns_it_on_and_another_off(lamp_socket: Socket) -> None:
    lamp = HttpLamp(f"{lamp_socket.url}/relay/0?turn=on", f"{lamp_socket.url}/relay/0?turn=off")
    for switch, is_on in ((lamp.on, True), (lamp.on, True), (lamp.off, False), (lamp.off, False)):
        switch()
        assert lamp_socket.is_on is is_on


def test_trouble_is_told_with_a_remedy(lamp_socket: Socket) -> None:
    with pytest.raises(LightError, match=r"/relay/7 answers 404: is the address right"):
        HttpLamp(f"{lamp_socket.url}/relay/7?key=pw", "http://lamp/off").on()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(LightError, match=r"cannot be reached: .*is it switched on") as caught:
        HttpLamp("http://lamp/on", f"http://127.0.0.1:{port}/off?key=pw").off()
    assert "pw" not in str(caught.value)
    with pytest.raises(LightError, match="has a name that this network does not know"):
        HttpLamp("http://lamp..local/on", "http://lamp/off").on()


@pytest.mark.parametrize(
    ("on_url", "off_url", "message"),
    [
        ("http://lamp/on", "", "needs off_url in .light., or it would stay on"),
        ("http://anna:pw@lamp/on", "http://lamp/off", "url in .light. holds a user or a password"),
        ("http://lamp/on", "http://anna:pw@lamp/off", "off_url in .light. holds a user or a password"),
        ("http://lamp/on", "lamp/off", "off_url in .light. is no address"),
        ("http://lamp/on", "http://lamp:99999/off", "off_url in .light. is no address: .*port"),
    ],
)
def test_addresses_that_cannot_be(on_url: str, off_url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        HttpLamp(on_url, off_url)
    assert "pw" not in str(caught.value)
