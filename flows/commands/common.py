"""What every command shares: options, output, settings, refusals."""

import os
import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tasks.settings import FILE_NAME, Settings, SettingsError, home_folder, refuse_unless

# What people and files say may hold brackets and colons; they are shown, and never taken for styles or emoji.
out = Console(markup=False, emoji=False)
err = Console(stderr=True, markup=False, emoji=False)

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Home folder (default: SMARTMETER_HOME, else var).", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


def use_home(home: Path | None) -> Path:
    """The home folder of this command, also for everything it starts.

    Raises:
        SettingsError: It is a file.
    """
    folder = (home or home_folder()).resolve()
    refuse_unless(
        folder.is_dir() or not folder.exists(), f"{folder} is no folder. Name the home folder with --home."
    )
    os.environ["SMARTMETER_HOME"] = str(folder)
    _warn_root(folder)
    return folder


def _warn_root(folder: Path) -> None:
    """Say so where root uses somebody else's home folder: its files there are in that one's way."""
    if os.geteuid() != 0 or not folder.is_dir() or not (owner := folder.stat().st_uid):
        return
    command = f"sudo -u '#{owner}' env SMARTMETER_HOME={shlex.quote(str(folder))} {shlex.join(sys.argv)}"
    err.print(
        f"{folder} is another user's. What root writes there, that user can't change, and its service fails. "
        f"Rather run: {command}",
        style="yellow",
        highlight=False,
        soft_wrap=True,
    )


def load_checked_settings() -> Settings:
    """The home's settings.

    Raises:
        SettingsError: They can't be used, or no meter is configured.
    """
    from tasks.settings import load_settings

    settings = load_settings()
    if not settings.meters:
        raise SettingsError(
            f"No meter is configured in {settings.home / FILE_NAME}. "
            "`smartmeter init` writes an explained example; `smartmeter demo` shows a working one."
        )
    return settings


def check_days(first: datetime | None, last: datetime | None) -> None:
    """Refuse days in the wrong order.

    Raises:
        SettingsError: The first lies after the last.
    """
    refuse_unless(
        not (first and last) or first <= last, "--from lies after --to. Give the earlier day first."
    )


def print_summary(summary: dict[str, int], home: Path) -> None:
    """The counts of a run, a line each, and where the report is."""
    for name, count in summary.items():
        out.print(f"{name.replace('_', ' '):<22}{count:>8}", highlight=False)
    out.print(f"Report: {home / 'site' / 'index.html'}", highlight=False, soft_wrap=True)
