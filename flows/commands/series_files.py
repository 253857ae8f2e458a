"""`smartmeter decode`: series decoding for the candidates of any reader."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

import typer

from flows.commands.common import err, out
from tasks.settings import refuse_unless

app = typer.Typer()


@app.command()
def decode(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Candidates: Parquet or CSV, by suffix.")],
    *,
    target: Annotated[
        Path, typer.Option("--out", metavar="OUT", help="Readings: Parquet or CSV, by suffix.")
    ],
    digits: Annotated[int, typer.Option("--digits", help="Drums of the register, decimals included.")],
    decimals: Annotated[int, typer.Option("--decimals", help="How many of them are decimals of a kWh.")] = 0,
    max_power_kw: Annotated[float, typer.Option("--max-power-kw", help="What the fuses let through.")] = 24.0,
    timezone: Annotated[str, typer.Option("--timezone", help="IANA name; habits go by its hours.")] = "UTC",
    exchange: Annotated[
        list[str] | None,
        typer.Option("--exchange", metavar="INSTANT", help="The meter was exchanged then."),
    ] = None,
) -> None:
    """Decode what any reader saw: candidates in, the most likely readings out.

    IN has the columns taken_at (UTC), rank (1 = best), value (in steps of the last drum) and probability; a
    picture without candidates is one row without a value. OUT has taken_at, value, quality, reason, log_odds,
    settled, and the bounds low and high of estimated readings. Explained in docs/decode.md.
    """
    refuse_unless(timezone in available_timezones(), f"--timezone {timezone} is no name like Europe/Berlin.")
    from rich.progress import Progress

    from flows.decode_file import decode_file
    from tasks.metering.register import Register
    from tasks.metering.stretch import Break

    try:
        register = Register("file", digits, decimals, round(max_power_kw * 1000))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    breaks = [Break(_instant(text)) for text in exchange or []]
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("Decoding", total=None)
        counts, exchanges = decode_file(
            source,
            target,
            register,
            timezone=timezone,
            breaks=breaks,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    for quality, count in counts.iter_rows():
        out.print(f"{quality:<12}{count:>12,}", highlight=False)
    out.print(f"Readings: {target}", highlight=False, soft_wrap=True)
    for found in exchanges:
        moment, before = (
            datetime.fromtimestamp(seconds, UTC).isoformat()
            for seconds in (found.taken_at_s, found.last_at_s)
        )
        err.print(
            f"The pictures tell two stories: {found.last_units} at {before}, "
            f"{found.value_units} at {moment}. "
            f"If the meter was exchanged, say --exchange {moment}.",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )


def _instant(text: str) -> int:
    """Epoch seconds of an instant with its offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    refuse_unless(
        moment is not None and moment.tzinfo is not None,
        f"--exchange {text} is no instant; write it like 2026-03-20T12:00:00Z.",
    )
    return 0 if moment is None else int(moment.timestamp())
