"""One HTTP request with one deadline for all of it, for small devices that stall, drip and hang up.

The standard library's client does: httpx bounds every read but not their sum, so that a device that drips
would hold the agent for ever, and takes 25 MB of a small Pi's memory instead of 11.
"""

import http.client
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, urlsplit

T = TypeVar("T")

_KEPT_IN_URLS = "/%:@!$&'()*+,;=~?"
_HEADERS = {"User-Agent": "smartmeter-agent", "Cache-Control": "no-cache", "Connection": "close"}


@dataclass(frozen=True, slots=True)
class HttpAddress:
    """Where to ask for what.

    Attributes:
        is_tls: whether it begins with https.
        host: the name or number.
        port: None for the usual one.
        target: path and query, as a request says them.
        shown: the address as messages may show it: without its query, which often holds a password.
    """

    is_tls: bool
    host: str
    port: int | None
    target: str
    shown: str


def parse_address(url: str, *, setting: str, remedy: str) -> HttpAddress:
    """The parts of an address.

    Args:
        url: `http://` or `https://`, without user and password.
        setting: where it stands, for messages.
        remedy: what to do instead of writing a password into it.

    Raises:
        ValueError: it is no address, or holds a user or a password; the message does not repeat it.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # of a bracket that does not close
        parts = urlsplit("")
    if parts.username is not None or parts.password is not None:
        message = f"{setting} holds a user or a password, and settings are no place for one: {remedy}"
        raise ValueError(message)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = f"{setting} is no address: it looks like http://192.168.1.20/capture"
        raise ValueError(message)
    try:
        port = parts.port
    except ValueError:
        message = f"{setting} is no address: its port, after the colon, is a number up to 65535"
        raise ValueError(message) from None
    return HttpAddress(
        is_tls=parts.scheme == "https",
        host=parts.hostname,
        port=port,
        target=quote(f"{parts.path or '/'}{parts.query and '?'}{parts.query}", safe=_KEPT_IN_URLS),
        shown=f"{parts.scheme}://{parts.netloc}{parts.path}",
    )


def get_within(
    address: HttpAddress,
    read: Callable[[http.client.HTTPResponse], T],
    ends_at_s: float,
    *,
    headers: Mapping[str, str] | None = None,
) -> T:
    """Ask, and return what `read` makes of the answer.

    It happens in a thread, because neither a name server nor a header that drips knows a deadline; what is
    late is hung up on, and not waited for.

    Args:
        address: whom to ask for what.
        read: gets the answer's head and reads its body; called in the thread.
        ends_at_s: when it is over, by `time.monotonic`.
        headers: besides our own.

    Raises:
        TimeoutError: it is over.
        OSError: there is no connection.
        http.client.HTTPException: the answer is no HTTP.
        Exception: whatever `read` raises.
    """
    left_s = max(ends_at_s - time.monotonic(), 0.001)
    connection = _connect(address, left_s)
    answers: queue.SimpleQueue[tuple[T] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            connection.request("GET", address.target, headers={**_HEADERS, **(headers or {})})
            answers.put((read(connection.getresponse()),))
        except UnicodeError:  # of a host's name that cannot be one, like two dots in a row
            answers.put(socket.gaierror(socket.EAI_NONAME, "no name"))
        except Exception as error:  # noqa: BLE001 - raised again where it was asked
            answers.put(error)
        finally:
            connection.close()

    threading.Thread(target=ask, name="http-get", daemon=True).start()
    try:
        answer = answers.get(timeout=left_s)
    except queue.Empty:
        with suppress(OSError, AttributeError):
            connection.sock.shutdown(socket.SHUT_RDWR)
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer[0]


def explain_failure(error: Exception) -> str:
    """What was wrong with the device, as a sentence goes on after its name."""
    match error:
        case TimeoutError():
            return "has not answered in time; is it switched on, and near enough to its Wi-Fi?"
        case socket.gaierror():
            return "has a name that this network does not know; its number, like 192.168.1.20, will do"
        case ssl.SSLCertVerificationError():
            return f"has a certificate that is not trusted ({error.verify_message}); http:// needs none"
        case http.client.RemoteDisconnected():
            return "hung up without an answer; start it anew if this stays"
        case http.client.HTTPException():
            return f"does not speak HTTP as it should ({type(error).__name__}); start it anew if this stays"
        case _:
            return f"cannot be reached: {error}; is it switched on?"


def _connect(address: HttpAddress, timeout_s: float) -> http.client.HTTPConnection:
    if address.is_tls:
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(address.host, address.port, timeout=timeout_s, context=context)
    return http.client.HTTPConnection(address.host, address.port, timeout=timeout_s)
