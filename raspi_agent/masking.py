"""The second line against secrets in logs: what looks like one is masked. First, they are never formatted."""

import json
import logging
import re
from pathlib import Path

MASK = "***"

_SHORTEST = 6  # masking shorter words would make every other word a guess at them
_NAMES = r"(?:refresh_|access_|oauth_|id_)?token|password|passwd|passphrase|(?:app_|client_)?secret|api_?key"
_PATTERNS = (
    # user and password in an address
    (re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]{0,20}://)[^/\s]*@"), rf"\1{MASK}@"),
    # the query of an address, where IP cameras expect their password under any name
    (re.compile(r"(\bhttps?://[^\s?\"']{0,300}\?)[^\s\"']+"), rf"\1{MASK}"),
    (re.compile(r"(?i)(\bauthorization[\"']?\s*[:=]\s*[\"']?)(?:[a-z]+\s+)?[^\s\"',}]+"), rf"\1{MASK}"),
    # 'basic authentication' is prose: what is encoded has a capital, a digit or an equals sign
    (re.compile(r"\b((?i:basic|bearer))\s+(?=\S*[A-Z0-9=])[A-Za-z0-9+/=._~-]{8,}"), rf"\1 {MASK}"),
    (re.compile(rf"(?i)\b((?:{_NAMES})[\"']?\s*[:=]\s*[\"']?)[^\s\"'&,;}}]+"), rf"\1{MASK}"),
    # how Dropbox's tokens begin
    (re.compile(r"\bsl\.[A-Za-z0-9_.-]{16,}"), MASK),
)


class MaskingFormatter(logging.Formatter):
    """Formats a record, traceback included, and masks what looks like a secret or is one of these."""

    def __init__(self, format: str, *, secrets: tuple[str, ...] = ()) -> None:  # noqa: A002 - as in logging
        super().__init__(format)
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The line, or the lines of a traceback."""
        return mask_secrets(super().format(record), self._secrets)


def mask_secrets(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text with every secret made unreadable: those given, and whatever looks like one."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    for pattern, masked in _PATTERNS:
        text = pattern.sub(masked, text)
    return text


def known_secrets(home: Path) -> tuple[str, ...]:
    """The secrets of a home folder that are long enough to be told from other words, longest first."""
    found: set[str] = set()
    folder = home / "secrets"
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return ()
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            continue
        found.update(_secrets_in(text))
    return tuple(sorted((each for each in found if len(each) >= _SHORTEST), key=len, reverse=True))


def _secrets_in(text: str) -> list[str]:
    try:
        values = json.loads(text)
    except ValueError:
        return [text]
    if not isinstance(values, dict):
        return [text]
    return [value for name, value in values.items() if isinstance(value, str) and not name.endswith("_key")]
