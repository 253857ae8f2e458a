"""Recognitions of pictures that were read before: adopted only on a person's word."""

from datetime import datetime

from warehouse.connection import Warehouse
from warehouse.loading import mark


def adopt(
    warehouse: Warehouse,
    register_id: str,
    reader: str,
    reader_version: str,
    *,
    from_at: datetime | None,
    to_at: datetime | None,
) -> None:
    """From here on a reader's recognitions count for the pictures of a span (None: an open end)."""
    with warehouse.transaction():
        warehouse.execute(
            "adopt",
            register_id=register_id,
            reader=reader,
            reader_version=reader_version,
            from_at=from_at,
            to_at=to_at,
        )
        mark(warehouse, register_id, "decode", from_at, to_at)
