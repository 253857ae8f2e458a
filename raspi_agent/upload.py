"""From the outbox to the store."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from raspi_agent.content_hash import content_hash
from raspi_agent.outbox import Outbox
from raspi_agent.picture_key import twin_key
from raspi_agent.store import Added, Store, StoreError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What an upload did.

    Attributes:
        stored: pictures that are in the store now and were not before.
        already_there: pictures whose last upload had arrived without our learning it.
        renamed: how many of the stored ones found other bytes under their name and got a twin's.
        waiting: pictures still in the outbox.
        stopped_by: what ended the upload before its end, or None.
    """

    stored: int = 0
    already_there: int = 0
    renamed: int = 0
    waiting: int = 0
    stopped_by: StoreError | None = None


def upload_waiting(outbox: Outbox, store: Store, goes_on: Callable[[], bool] = lambda: True) -> Uploaded:
    """Send every waiting picture, oldest first, and mark as sent what the store certainly has.

    Each step may be repeated after a kill or a lost reply. A store that is away, full or forbidden ends the
    upload, the pictures wait; a picture that cannot be read or named is passed over and waits too.

    Args:
        outbox: whose pictures.
        store: where they go.
        goes_on: asked before each picture; False ends the upload.

    Raises:
        OSError: the outbox's disk refuses.
    """
    counts = {Added.STORED: 0, Added.ALREADY_THERE: 0, Added.CONFLICT: 0}
    renamed = 0
    stopped_by = None
    for key in outbox.waiting():
        if not goes_on():
            break
        try:
            data = outbox.read(key)
            added, stored_key = _add(store, key, data)
        except FileNotFoundError:
            continue
        except StoreError as error:
            stopped_by = error
            break
        except OSError as error:
            _log.warning("%s waits: it cannot be read (%s)", key, error)
            continue
        counts[added] += 1
        if added is Added.CONFLICT:
            _log.error("%s waits: other bytes have its name and its twin's", key)
            continue
        renamed += added is Added.STORED and stored_key != key
        outbox.mark_sent(key)
        _log.info("%s %s", stored_key, added)
    return Uploaded(
        stored=counts[Added.STORED],
        already_there=counts[Added.ALREADY_THERE],
        renamed=renamed,
        waiting=len(outbox.waiting()),
        stopped_by=stopped_by,
    )


def _add(store: Store, key: str, data: bytes) -> tuple[Added, str]:
    added = store.add(key, data)
    if added is not Added.CONFLICT:
        return added, key
    twin = twin_key(key, content_hash(data))
    return store.add(twin, data), twin
