"""`smartmeter`: the flows and their helpers as commands."""

import errno
import os
import sys
import traceback

import typer

from flows.commands import (
    moving,
    query,
    reader,
    report,
    running,
    series,
    series_files,
    simulation,
    storage,
    watching,
)
from flows.commands.common import err
from tasks.settings import SettingsError

app = typer.Typer(
    name="smartmeter",
    help="Turn pictures of an electricity meter into readings, interval data and a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for room in (
    running,
    report,
    query,
    reader,
    storage,
    moving,
    watching,
    series,
    series_files,
    simulation,
):
    app.add_typer(room.app)

ANOTHERS = "Run this as the user whose it is, or name another path."
REMEDIES = {
    errno.EACCES: ANOTHERS,
    errno.EPERM: ANOTHERS,
    errno.ENOSPC: "Make room on that disk, then run it again.",
}


def main() -> None:
    """Run the command: exit code 0 done, 1 failed, 2 wrong use; an error is a sentence with its remedy."""
    from flows.prefect_api import BackendError
    from models.errors import ModelNotFound, UnusableLabels
    from raspi_agent.store import StoreError
    from warehouse.errors import NothingToUndo, QueryFailed, WarehouseError

    code = 0
    try:
        app()
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else 1
    except (SettingsError, ModelNotFound, UnusableLabels, QueryFailed, NothingToUndo) as error:
        err.print(str(error), style="red", highlight=False, soft_wrap=True)
        code = 2
    except (BackendError, StoreError, WarehouseError, OSError) as error:
        err.print(_sentence(error), style="red", highlight=False, soft_wrap=True)
        code = 1
    except BaseException:  # noqa: BLE001  (Polars panics are no Exception; whatever it is leaves as the others do)
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # Prefect's threads outlive the command and hold DuckDB, whose bindings then print pages about it.
    os._exit(code)


def _sentence(error: Exception) -> str:
    """What an error says; where it is the system's, with what can be done about the path that it names."""
    if not isinstance(error, OSError) or error.strerror is None or error.filename is None:
        return str(error)
    remedy = REMEDIES.get(error.errno or 0, "Mend that path, or name another one.")
    return f"{error.filename}: {error.strerror}. {remedy}"


if __name__ == "__main__":
    main()
