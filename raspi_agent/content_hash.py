"""The content hash of a file as Dropbox defines it, so that one hash serves every store."""

import hashlib
import io
from pathlib import Path
from typing import BinaryIO

_BLOCK_BYTES = 4 * 1024 * 1024


def content_hash(data: bytes) -> str:
    """The hash of bytes: SHA-256 over the SHA-256 of each block of 4 MiB, as 64 hex digits."""
    return _hash_of(io.BytesIO(data))


def content_hash_of_file(path: Path) -> str:
    """The same hash of a file, read block by block.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        return _hash_of(stream)


def _hash_of(stream: BinaryIO) -> str:
    # https://www.dropbox.com/developers/reference/content-hash
    blocks = hashlib.sha256()
    while block := stream.read(_BLOCK_BYTES):
        blocks.update(hashlib.sha256(block).digest())
    return blocks.hexdigest()
