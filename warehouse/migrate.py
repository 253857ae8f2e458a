"""Schema migrations: numbered files, each applied once, in a transaction with its record."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from warehouse.connection import Warehouse
from warehouse.errors import MigrationChanged, WrittenByNewer

RELEASED = files("warehouse") / "migrations"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name decides the order; `repeatable` ones (views) run again when their text changes."""

    name: str
    text: str
    repeatable: bool

    @property
    def sha256(self) -> str:
        """Fingerprint of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrate(warehouse: Warehouse, folder: Traversable = RELEASED) -> list[str]:
    """Bring the schema up to date; return the names of what was applied.

    Raises:
        MigrationChanged: when a released migration has another text than the one applied.
        WrittenByNewer: when migrations were applied that this version does not know.
    """
    warehouse.execute("create_schema_migrations")
    applied = _applied(warehouse)
    released = _migrations(folder)
    unknown = applied.keys() - {step.name for step in released}
    if any(not name.startswith("views/") for name in unknown):
        raise WrittenByNewer(
            f"A newer version of SmartMeter has written {warehouse.path}. "
            "Install that version; nothing is changed."
        )
    pending = [step for step in released if applied.get(step.name) != step.sha256]
    for step in pending:
        if step.name in applied and not step.repeatable:
            raise MigrationChanged(
                f"{step.name} was applied with another text. Restore it and write a new migration instead."
            )
    for step in pending:
        with warehouse.transaction():
            warehouse.script(step.text)
            warehouse.execute("record_migration", name=step.name, sha256=step.sha256)
    return [step.name for step in pending]


def pending_migrations(warehouse: Warehouse, folder: Traversable = RELEASED) -> list[str]:
    """What `migrate` would apply, by name; of a warehouse that knows later ones, those as `newer: <name>`."""
    applied = _applied(warehouse)
    released = {step.name: step.sha256 for step in _migrations(folder)}
    newer = [f"newer: {name}" for name in applied if name not in released]
    return [*newer, *(name for name, sha256 in released.items() if applied.get(name) != sha256)]


def _applied(warehouse: Warehouse) -> dict[str, str]:
    return dict(warehouse.query("schema_migrations").select("name", "sha256").iter_rows())


def _migrations(folder: Traversable) -> list[Migration]:
    """Numbered files in order, then the repeatable ones of `views/`."""
    views = folder / "views"
    return [
        *(Migration(name, text, repeatable=False) for name, text in _sql_files(folder)),
        *(Migration(f"views/{name}", text, repeatable=True) for name, text in _sql_files(views)),
    ]


def _sql_files(folder: Traversable) -> list[tuple[str, str]]:
    """Names and texts of a folder's SQL files, by name."""
    if not folder.is_dir():
        return []
    found = (file for file in folder.iterdir() if file.name.endswith(".sql"))
    return sorted((file.name, file.read_text(encoding="utf-8")) for file in found)
