"""Channels: where messages go, as Apprise addresses, which hold secrets and are never shown."""

import hashlib
import logging
import os
import random
import re
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tasks.watching.messages import Message

log = logging.getLogger(__name__)
SECRETS = Path("secrets") / "alerts"
VARIABLE = "SMARTMETER_ALERT_URLS"
TRIES = 3
FIRST_PAUSE_S = 2.0
OTHERS_MAY = 0o077
LEAST_SECRET = 3
HOSTED = frozenset({"mailto", "mailtos", "ntfy", "ntfys", "json", "jsons", "form", "forms", "xml", "xmls"})


class ChannelError(Exception):
    """Messages can't be sent there; the sentence says why, without secrets."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A place for messages.

    Attributes:
        name: For people and for the book: the kind of service and a fingerprint of the address.
        url: The Apprise address.
    """

    name: str
    url: str = field(repr=False)


def load_channels(
    home: Path, environment: Mapping[str, str] = os.environ
) -> tuple[tuple[Channel, ...], dict[str, str]]:
    """The channels of the environment variable if it is set, else those of `secrets/alerts`, a line each.

    Returns:
        The channels; and why a line is none, by its place.

    Raises:
        ChannelError: Others may read the file, or we may not.
    """
    if VARIABLE in environment:
        places = {f"Address {no} of {VARIABLE}": url for no, url in _numbered(environment[VARIABLE].split())}
    else:
        places = {f"Line {no} of {SECRETS}": url for no, url in _numbered(_lines_of(home / SECRETS))}
    channels: dict[str, Channel] = {}
    troubles: dict[str, str] = {}
    for place, url in places.items():
        try:
            channels[url] = _channel(url)
        except ChannelError as error:
            troubles[place] = str(error)
    return tuple(channels.values()), troubles


def send(channel: Channel, message: Message, picture: Path | None = None) -> None:
    """Send a message, trying again with growing, jittered pauses; the last time without its picture.

    Raises:
        ChannelError: It could not be delivered.
    """
    retried(lambda is_last: _send_once(channel, message, None if is_last else picture))


def retried(attempt: Callable[[bool], None]) -> None:
    """Make up to three attempts, with growing, jittered pauses between them; each is told if it is the last.

    Raises:
        ChannelError: Every attempt failed.
    """
    for number in range(1, TRIES + 1):
        try:
            attempt(number == TRIES)
        except ChannelError:
            if number == TRIES:
                raise
            time.sleep(FIRST_PAUSE_S * number * random.uniform(0.5, 1.5))  # noqa: S311 - spreads, no secret
        else:
            return


def masked(text: str, url: str) -> str:
    """The text with everything of the address taken out but its service and host."""
    parts = urlsplit(url)
    # Some services' tokens stand where a host does.
    secrets = f"{parts.netloc.rpartition('@')[0]}/{parts.path}/{parts.query}"
    if parts.scheme not in HOSTED:
        secrets = f"{parts.netloc}/{secrets}"
    words = re.split(r"[/&=?:@,;]", secrets)
    found = {word for each in words for word in (each, unquote(each)) if len(word) >= LEAST_SECRET}
    for word in sorted(found | {url}, key=len, reverse=True):
        text = text.replace(word, "***")
    return text


def _lines_of(path: Path) -> list[str]:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return []
    if mode & OTHERS_MAY:
        remedy = f"chmod 600 {shlex.quote(str(path))}"
        raise ChannelError(f"Others may read {path}, which holds secrets. Run: {remedy}")
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ChannelError(
            f"{path} can't be read ({type(error).__name__}): is it yours, and text?"
        ) from error
    return text.splitlines()


def _numbered(lines: list[str]) -> list[tuple[int, str]]:
    """Those that say something, with their number among all."""
    stripped = ((number, line.strip()) for number, line in enumerate(lines, 1))
    return [(number, line) for number, line in stripped if line and not line.startswith("#")]


def _channel(url: str) -> Channel:
    from apprise import Apprise  # noqa: PLC0415 - takes a second, and only who sends needs it

    scheme = url.partition("://")[0]
    name = scheme if re.fullmatch(r"[a-z0-9]{2,20}", scheme) else "address"
    with _quiet():
        is_known = Apprise.instantiate(url, suppress_exceptions=True) is not None
    if not is_known:
        raise ChannelError(
            f"an address that begins with {name!r} is none that Apprise knows, or is incomplete; "
            "docs/watch.md shows one for each service"
        )
    return Channel(f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:4]}", url)


def _send_once(channel: Channel, message: Message, picture: Path | None) -> None:
    from apprise import Apprise, AppriseAsset, NotifyFormat  # noqa: PLC0415 - likewise

    # Without an asset of our own a phone would fetch Apprise's icon from its makers.
    courier = Apprise(asset=AppriseAsset(app_id="SmartMeter", app_desc="SmartMeter", image_url_mask=""))
    with _quiet() as said:
        courier.add(channel.url)
        is_sent = courier.notify(
            body=message.text,
            title=message.subject,
            body_format=NotifyFormat.TEXT,
            attach=str(picture) if picture else None,
        )
    if not is_sent:
        why = masked("; ".join(dict.fromkeys(said)), channel.url)
        raise ChannelError(f"{channel.name} did not take the message: {why or 'no reason was given'}")


class _Ear(logging.Filter):
    """Keeps Apprise's log from everybody, for it names addresses; its warnings go to the thread that asks."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        said: list[str] | None = getattr(self.heard, "said", None)
        if said is not None and record.levelno >= logging.WARNING:
            said.append(record.getMessage().strip())
        return False


_EAR = _Ear()


@contextmanager
def _quiet() -> Iterator[list[str]]:
    """What Apprise warns of inside, in a list instead of a log."""
    logging.getLogger("apprise").addFilter(_EAR)
    _EAR.heard.said = []
    try:
        yield _EAR.heard.said
    finally:
        del _EAR.heard.said
