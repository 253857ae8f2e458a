"""Messages between the agent and a camera's own process: a line of JSON, and a picture, over a pipe."""

import json
import os
import select
import struct
import time
from collections.abc import Mapping
from typing import Any

MOST_HEAD_BYTES = 65_536
MOST_BODY_BYTES = 64_000_000

_MARK = b"SMC1"
_FRAME = struct.Struct("!4sII")  # mark, bytes of the head, bytes of the body
_CHUNK_BYTES = 65_536


class NonsenseError(Exception):
    """What comes out of the pipe is no message: something else writes to it."""


def write_message(descriptor: int, head: Mapping[str, Any], body: bytes = b"") -> None:
    """Send a message whole.

    Raises:
        BrokenPipeError: nobody reads any more.
    """
    text = json.dumps(dict(head)).encode()
    left = memoryview(_FRAME.pack(_MARK, len(text), len(body)) + text + body)
    while left:
        left = left[os.write(descriptor, left) :]


class MessageReader:
    """The messages that come out of a pipe; one that has come in part is waited for again.

    Args:
        descriptor: the pipe's end; it stays the caller's.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._come = bytearray()

    def read(self, ends_at_s: float | None = None) -> tuple[dict[str, Any], bytes]:
        """The next message's head and body.

        Args:
            ends_at_s: by `time.monotonic`; None waits for ever.

        Raises:
            TimeoutError: it has not come whole by then.
            EOFError: the other end is closed.
            NonsenseError: it is no message.
        """
        self._gather(_FRAME.size, ends_at_s)
        mark, head_bytes, body_bytes = _FRAME.unpack_from(self._come)
        if mark != _MARK or head_bytes > MOST_HEAD_BYTES or body_bytes > MOST_BODY_BYTES:
            message = f"no message begins with {bytes(self._come[: _FRAME.size])!r}"
            raise NonsenseError(message)
        start, end = _FRAME.size + head_bytes, _FRAME.size + head_bytes + body_bytes
        self._gather(end, ends_at_s)
        try:
            head = json.loads(self._come[_FRAME.size : start])
        except ValueError as error:
            raise NonsenseError(str(error)) from error
        if not isinstance(head, dict):
            raise NonsenseError("a message's head is an object")
        body = bytes(self._come[start:end])
        del self._come[:end]
        return head, body

    def _gather(self, wanted_bytes: int, ends_at_s: float | None) -> None:
        while len(self._come) < wanted_bytes:
            left_s = None if ends_at_s is None else max(ends_at_s - time.monotonic(), 0)
            if not select.select([self._descriptor], [], [], left_s)[0]:
                raise TimeoutError
            chunk = os.read(self._descriptor, min(wanted_bytes - len(self._come), _CHUNK_BYTES))
            if not chunk:
                raise EOFError
            self._come += chunk
