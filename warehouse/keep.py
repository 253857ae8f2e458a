"""Copies of the warehouse to keep: whole, and proved to hold what the live one holds."""

from pathlib import Path

from warehouse.connection import Warehouse, open_warehouse
from warehouse.errors import WarehouseError

LATEST = "latest"


def copy_to_keep(live: Path, target: Path, *, wait_s: float = 60) -> dict[str, str]:
    """Write all of the live warehouse into a new file at `target`; return each table's fingerprint.

    Raises:
        WarehouseBusy: Another program has held the live file for `wait_s`.
        WarehouseError: It can't be opened, or the copy can't be written.
    """
    with open_warehouse(live, read_only=True, wait_s=wait_s) as warehouse:
        warehouse.copy_to(target, LATEST)
        return fingerprints(warehouse)


def check_kept(path: Path, expected: dict[str, str]) -> None:
    """Return if the file is a warehouse with exactly these contents.

    Raises:
        WarehouseError: It is none, or holds something else.
    """
    with open_warehouse(path, read_only=True) as warehouse:
        found = fingerprints(warehouse)
    differing = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    if differing:
        raise WarehouseError(f"{path.name} does not hold what it should: {', '.join(differing)} differ.")


def fingerprints(warehouse: Warehouse) -> dict[str, str]:
    """Number and mixture of every table's rows, by its name: other rows have another one."""
    names = warehouse.query("table_names")["name"].to_list()
    text = "select count(*) || '-' || coalesce(bit_xor(hash(t)), 0) from {} t"
    return {name: str(warehouse.sql(text.format(name)).item()) for name in names}
