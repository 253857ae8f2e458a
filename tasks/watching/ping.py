"""The dead man's ping: a sign of life outward, whose absence a service elsewhere notices."""

import logging
from urllib.parse import urljoin, urlsplit

import httpx

logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every address

TIMEOUT_S = 10.0
MOST_REDIRECTS = 3
_DEFAULT_PORTS = {"http": 80, "https": 443}


class PingError(Exception):
    """The ping did not arrive; the sentence does not show the address, which is a secret of sorts."""


def ping(url: str, *, failing: bool) -> None:
    """Tell a service like healthchecks.io that the watch lives, or at `/fail` that something is wrong here.

    Redirects are followed within the same origin only.

    Raises:
        PingError: No answer, a refusal, or a redirect elsewhere.
    """
    host = urlsplit(url).hostname
    target = _fail_of(url) if failing else url
    try:
        for _ in range(MOST_REDIRECTS + 1):
            answer = httpx.get(target, timeout=TIMEOUT_S, follow_redirects=False)
            if not answer.is_redirect:
                break
            onward = urljoin(target, answer.headers["location"])
            if _origin(onward) != _origin(url):
                raise PingError(f"{host} redirects the ping to another place; it was not followed.")
            target = onward
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise PingError(f"{host} did not take the ping ({type(error).__name__}).") from error
    if not answer.is_success:
        raise PingError(f"{host} refused the ping (HTTP {answer.status_code}). Look at the address.")


def _fail_of(url: str) -> str:
    """The address at which a service takes note of a failure; a query stays behind it."""
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/')}/fail").geturl()


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
