"""Recognitions of pictures that were read before: adopted only on a person's word."""

from dataclasses import dataclass
from datetime import datetime

from warehouse.connection import Warehouse
from warehouse.loading import mark


@dataclass(frozen=True, slots=True)
class Rereading:
    """A register's pictures of a span (None: an open end), as a version of a reader sees them."""

    register_id: str
    reader: str
    reader_version: str
    from_at: datetime | None
    to_at: datetime | None


def adopt(warehouse: Warehouse, rereading: Rereading) -> None:
    """From here on these recognitions count; to be called in a transaction, or in a rehearsal of one."""
    warehouse.execute(
        "adopt",
        register_id=rereading.register_id,
        reader=rereading.reader,
        reader_version=rereading.reader_version,
        from_at=rereading.from_at,
        to_at=rereading.to_at,
    )
    mark(warehouse, rereading.register_id, "decode", rereading.from_at, rereading.to_at)
