from hashlib import sha256
from pathlib import Path

import pytest

from raspi_agent.content_hash import content_hash, content_hash_of_file

BLOCK = 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("data", "blocks"),
    [
        (b"", []),
        (b"picture", [b"picture"]),
        (b"x" * BLOCK, [b"x" * BLOCK]),
        (b"x" * BLOCK + b"y", [b"x" * BLOCK, b"y"]),
    ],
)
def test_the_hash_is_the_hash_of_the_blocks_hashes(tmp_path: Path, data: bytes, blocks: list[bytes]) -> None:
    expected = sha256(b"".join(sha256(block).digest() for block in blocks)).hexdigest()
    (tmp_path / "file").write_bytes(data)
    assert content_hash(data) == content_hash_of_file(tmp_path / "file") == expected
