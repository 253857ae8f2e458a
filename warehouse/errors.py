"""What can go wrong in the warehouse, each a sentence for the user.

WarehouseError
├── WarehouseBusy         another program holds the file
├── MigrationChanged      a released migration was edited
├── WrittenByNewer        this program is too old for the warehouse
├── QueryFailed           a person's query is wrong
├── NothingToUndo         what a person takes back is not there
└── IntervalsDoNotAddUp   interval data contradict the readings; nothing was saved
"""


class WarehouseError(Exception):
    """Anything about the warehouse that a caller can tell the user."""


class WarehouseBusy(WarehouseError):  # noqa: N818 - named as the sentence it says
    """Another program holds the warehouse file."""


class MigrationChanged(WarehouseError):  # noqa: N818 - named as the sentence it says
    """A migration that was applied has another text now."""


class WrittenByNewer(WarehouseError):  # noqa: N818 - named as the sentence it says
    """A newer version of SmartMeter has changed the schema."""


class QueryFailed(WarehouseError):  # noqa: N818 - named as the sentence it says
    """DuckDB refused a person's query."""


class NothingToUndo(WarehouseError):  # noqa: N818 - named as the sentence it says
    """A person takes back what nobody told."""


class IntervalsDoNotAddUp(WarehouseError):  # noqa: N818 - named as the sentence it says
    """The interval data are not last minus first reading."""
