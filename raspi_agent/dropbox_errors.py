"""What each failure of a request to Dropbox means: the one place of that policy.

Nothing is repeated here or in the SDK. Whoever asked decides, by the kind of error and the time that
Dropbox asks for.
"""

from datetime import UTC, datetime

import requests
from dropbox import exceptions

from raspi_agent.store import RevisionGone, StoreError, StoreFull, StoreRefused, StoreUnavailable

_DEFAULT_BACKOFF_S = 60.0
_LINK_AGAIN = "run `link-dropbox` again"


def store_error(error: Exception) -> StoreError:  # noqa: PLR0911 - one kind of failure, one answer
    """What a failed request means, whatever the SDK has let through.

    Captive portals, cut connections and clocks that are wrong appear as errors of requests, of JSON and of
    assertions; none of them says anything about the pictures, so all are StoreUnavailable.
    """
    match error:
        case StoreError():
            return error
        case exceptions.RateLimitError():
            wait_s = float(error.backoff or _DEFAULT_BACKOFF_S)
            return StoreUnavailable(f"Dropbox asks to be left alone for {wait_s:.0f} s", wait_s)
        case exceptions.AuthError():
            return _auth_error(error)
        case exceptions.BadInputError():
            return StoreRefused(f"Dropbox refuses the request: {_first_line(error.message)}; {_LINK_AGAIN}")
        case exceptions.PathRootError():
            return StoreRefused(f"this Dropbox account may not be used by the app; {_LINK_AGAIN}")
        case exceptions.InternalServerError():
            return StoreUnavailable(f"Dropbox has trouble of its own (HTTP {error.status_code})")
        case requests.exceptions.SSLError():
            now_at = datetime.now(UTC)
            return StoreUnavailable(
                f"no safe connection to Dropbox; the clock says {now_at:%Y-%m-%d %H:%M} UTC: "
                "if that is wrong, set it, else look for a login page or proxy in between"
            )
        case requests.exceptions.RequestException() | OSError():
            return StoreUnavailable(f"Dropbox can't be reached ({type(error).__name__}): is the network up?")
        case _:
            return StoreUnavailable(
                f"something else than Dropbox answered ({type(error).__name__}): "
                "is there a login page in between?"
            )


def lookup_error(error: object, tag: str, key: str) -> StoreError:
    """What a route's error about finding a key means; `tag` is where it keeps its LookupError."""
    reason = _under(error, tag)
    if reason is None:
        return _unexpected(error, key)
    if _is(reason, "not_found"):
        return RevisionGone(f"{key} is no longer in Dropbox")
    return RevisionGone(f"Dropbox does not hand out {key} ({_tag(reason)})")


def write_error(error: object, tag: str, key: str) -> StoreError:
    """What a route's error about changing a key means, conflicts aside; `tag` is where its WriteError is."""
    reason = _under(error, tag)
    reason = getattr(reason, "reason", reason)  # UploadWriteFailed has it one deeper
    if reason is None:
        return _unexpected(error, key)
    if _is(reason, "insufficient_space"):
        return StoreFull("Dropbox is full: run `smartmeter backup`, or free some space there")
    if _is(reason, "too_many_write_operations"):
        return StoreUnavailable("Dropbox has too many writers at once")
    return StoreRefused(f"Dropbox does not take {key} ({_tag(reason)})")


def is_conflict(error: object, tag: str) -> bool:
    """Whether other bytes, or a folder, have the name; `tag` is where the route keeps its WriteError."""
    reason = _under(error, tag)
    return _is(getattr(reason, "reason", reason), "conflict")


def is_not_found(error: object, tag: str) -> bool:
    """Whether nothing has the name; `tag` is where the route keeps its LookupError."""
    return _is(_under(error, tag), "not_found")


def _unexpected(error: object, key: str) -> StoreError:
    if _is(error, "content_hash_mismatch"):
        return StoreUnavailable(f"{key} was damaged on its way to Dropbox")
    if _is(error, "too_many_write_operations"):
        return StoreUnavailable("Dropbox has too many writers at once")
    return StoreUnavailable(f"Dropbox says no to {key} ({_tag(error)})")


def _auth_error(error: exceptions.AuthError) -> StoreError:
    reason = error.error
    if _is(reason, "missing_scope"):
        scope = reason.get_missing_scope().required_scope
        return StoreRefused(
            f"the link to Dropbox lacks the permission {scope}: tick it in the app's settings at "
            f"dropbox.com/developers, then {_LINK_AGAIN}"
        )
    if _is(reason, "expired_access_token"):
        return StoreUnavailable("Dropbox calls a fresh access token expired: is the clock right?")
    return StoreRefused(f"Dropbox no longer accepts the link ({_tag(reason)}): {_LINK_AGAIN}")


def _is(reason: object, tag: str) -> bool:
    """Whether a union of the SDK has that tag; garbage has none."""
    asks = getattr(reason, f"is_{tag}", None)
    return bool(asks and asks())


def _under(error: object, tag: str) -> object | None:
    return getattr(error, f"get_{tag}")() if _is(error, tag) else None


def _tag(reason: object) -> str:
    return str(getattr(reason, "_tag", reason))


def _first_line(message: object) -> str:
    return (str(message).splitlines() or ["no reason given"])[0][:200]
