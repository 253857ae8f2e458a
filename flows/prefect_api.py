"""Where a Prefect API is, and whether it answers."""

from urllib.parse import urlsplit

import httpx

from tasks.prefect_auth import prefect_auth

# A server that takes the call is there, however late it answers.
BUSY_AFTER_S = 20.0
LOOPBACK = "127.0.0.1"
# Who listens everywhere is reached from this machine under its own address.
EVERYWHERE = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104  (refused without a password)
LOOPBACKS = frozenset({LOOPBACK, "localhost", "::1"})
PORT = 4200  # Prefect's own
MAJOR = "3."  # servers of other major versions refuse what we ask


class BackendError(Exception):
    """No Prefect server could be reached or started; the message says what to do."""


class BusyError(BackendError):
    """Something is there and takes calls, and does not answer."""


def api_address(host: str = LOOPBACK, port: int = PORT) -> str:
    """Where this machine reaches the API of a Prefect server that listens on that host."""
    reached = EVERYWHERE.get(host, host)
    return f"http://[{reached}]:{port}/api" if ":" in reached else f"http://{reached}:{port}/api"


def checked_address(address: str) -> str:
    """The address of an API as Prefect itself writes it, without a slash at its end."""
    plain = address.strip().rstrip("/")
    try:
        parts = urlsplit(plain)
        is_one = parts.scheme in {"http", "https"} and parts.port != 0 and "api" in parts.path.split("/")
    except ValueError:
        is_one = False
    if not is_one:
        raise BackendError(
            f"PREFECT_API_URL={address} is no address of a Prefect API. Write it like {api_address()}, "
            "or unset the variable."
        )
    return plain


def is_healthy(api_url: str) -> bool:
    """Whether a Prefect server answers at that address."""
    try:
        return httpx.get(f"{api_url}/health", timeout=3).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def is_usable(api_url: str, busy_after_s: float = BUSY_AFTER_S) -> bool:
    """Whether a Prefect server answers at that address and lets us in; its health it tells anybody.

    Args:
        api_url: The address of the API.
        busy_after_s: How long an answer may take of a server that is there.

    Raises:
        BackendError: It asks for another user and password.
        BusyError: What is there takes the call and does not answer: it may be a server, and nobody may start
            another one on its database.
    """
    try:
        with httpx.Client(timeout=httpx.Timeout(busy_after_s, connect=10)) as client:
            answer = client.get(f"{api_url}/admin/version", auth=prefect_auth())
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                raise BackendError(
                    f"The Prefect server at {api_url} asks for another user and password. Put its "
                    "user:password into PREFECT_API_AUTH_STRING, or into the home's secrets/prefect-auth."
                )
            return _is_prefect(answer) and client.get(f"{api_url}/health").status_code == httpx.codes.OK
    except httpx.ReadTimeout as error:
        parts = urlsplit(api_url)
        raise BusyError(
            f"What listens at {parts.netloc} has not answered within {busy_after_s:.0f} s: a Prefect server "
            "that is busy, or another program. Try again in a few minutes; if it stays so, end it "
            "(`ss -ltnp` shows its process), or use another port: "
            f"PREFECT_API_URL={api_address(port=(parts.port or PORT) + 1)}"
        ) from error
    except httpx.HTTPError:
        return False


def _is_prefect(answer: httpx.Response) -> bool:
    """Whether that is the version of a Prefect server; other programs answer to any address with a page."""
    try:
        version = answer.json()
    except ValueError:
        return False
    return answer.status_code == httpx.codes.OK and isinstance(version, str) and version.startswith(MAJOR)
