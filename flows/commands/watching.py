"""Commands that look after the installation: watch, doctor."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from flows.commands.common import Home, Json, load_checked_settings, out, use_home
from tasks.settings import FILE_NAME, Settings, SettingsError, refuse_unless

app = typer.Typer()


@app.command()
def watch(
    *,
    show: Annotated[bool, typer.Option("--list", help="Show what is wrong now; look for nothing.")] = False,
    silence: Annotated[
        str | None, typer.Option(metavar="ID", help="Send no message of this incident until it is over.")
    ] = None,
    days: Annotated[
        float | None,
        typer.Option(min=0.01, max=36_500, help="With --silence: for so many days, over or not."),
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="Send a test message through every channel.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Look now whether something is wrong, tell it, and show it.

    `smartmeter up` does so every five minutes. Each incident is told once when it begins and once when it is
    over, through the channels in secrets/alerts: docs/watch.md.
    """
    folder = use_home(home)
    settings = load_checked_settings()
    refuse_unless(
        sum((show, silence is not None, test)) <= 1, "Give one of --list, --silence and --test at a time."
    )
    refuse_unless(days is None or silence is not None, "--days goes with --silence ID.")
    if test:
        _try_channels(settings)
        return
    if silence is not None:
        _silence(settings, silence, days)
        return
    if not show:
        from flows.backend import prefect_backend

        with prefect_backend(folder):
            from flows.watch import watch as flow

            flow("a person asked")
    _print_open(settings, json=json)


@app.command()
def doctor(*, json: Json = False, home: Home = None) -> None:
    """Check everything from settings to report and say what to do; exit code 1 on a fault."""
    from flows.backend import export_environment
    from flows.prefect_api import BackendError
    from raspi_agent.finding import Finding, Verdict, fault, format_finding, ok, summary_of

    folder = use_home(home)

    def all_findings() -> Iterator[Finding]:
        try:
            settings = load_checked_settings()
        except SettingsError as error:
            yield fault("settings", str(error), "Without settings nothing else can be checked.")
            return
        yield ok("settings", f"{settings.home / FILE_NAME}: {', '.join(settings.meters) or 'no meter yet'}")
        try:
            export_environment(folder, host=settings.server.host, quiet=True)
        except BackendError as error:
            yield fault("api", str(error), "As it is, no command can use the Prefect server.")
        from tasks.doctor import examine

        yield from examine(settings)

    findings = []
    for finding in all_findings():
        findings.append(finding)
        if not json:
            out.print(format_finding(finding), highlight=False, soft_wrap=True)
    if json:
        out.print_json(data=[asdict(each) for each in findings])
    else:
        out.print(summary_of(findings), highlight=False)
    if any(each.verdict is Verdict.FAULT for each in findings):
        raise typer.Exit(1)


def _print_open(settings: Settings, *, json: bool) -> None:
    from tasks.watch import rows_of
    from tasks.watching.book_file import read_book

    rows = rows_of(read_book(settings.home), settings)
    if json:
        out.print_json(data=rows)
        return
    if not rows:
        out.print("Nothing is wrong.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("since", no_wrap=True)
    table.add_column("what, and what to do", overflow="fold")
    for row in rows:
        silenced = " (silenced)" if row["silenced"] else ""
        table.add_row(row["since"], f"{row['what']}\n{row['what to do']}\nid: {row['id']}{silenced}\n")
    out.print(table, highlight=False)


def _silence(settings: Settings, name: str, days: float | None) -> None:
    from tasks.watching.book import silence
    from tasks.watching.book_file import change_book, read_book
    from tasks.watching.faults import KINDS

    known = read_book(settings.home).told
    listed = ", ".join(sorted(known)) or "none"
    refuse_unless(
        name in known or (days is not None and name.partition(":")[0] in KINDS),
        f"There is no open incident {name!r} (open: {listed}). `smartmeter watch --list` shows them.",
    )
    until = datetime.now(UTC) + timedelta(days=days) if days else None
    change_book(settings.home, lambda book: silence(book, [name], until))
    out.print(f"{name} is silenced " + (f"for {days:g} days." if days else "until it is over."))


def _try_channels(settings: Settings) -> None:
    from tasks.watch import try_channels
    from tasks.watching.channels import SECRETS, ChannelError

    try:
        answers = try_channels(settings)
    except ChannelError as error:
        out.print(str(error), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    refuse_unless(
        bool(answers),
        f"There is no channel. Write an address into {settings.home / SECRETS} and run chmod 600 on it; "
        "docs/watch.md shows one for each service.",
    )
    for name, trouble in answers.items():
        out.print(f"{name}: {trouble or 'sent'}", style="red" if trouble else None, soft_wrap=True)
    if any(answers.values()):
        raise typer.Exit(1)
