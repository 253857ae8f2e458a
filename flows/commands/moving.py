"""Commands that move: a home folder to a new machine, the store to a Dropbox."""

import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.commands.common import Home, out, use_home
from tasks.settings import refuse_unless

app = typer.Typer()


def keep_whole_home(
    folder: Path,
    to: Path | None,
    keep: int | None,
    pictures: Literal["none", "link", "copy"] | None,
    *,
    with_secrets: bool,
) -> None:
    """Keep a home folder in one archive, and say where."""
    from flows.backend import prefect_backend
    from tasks.watching.wording import size

    with prefect_backend(folder):
        from flows.keep_home import keep_home as flow

        done = flow(
            folder=str(to.resolve()) if to else None, keep=keep, with_secrets=with_secrets, pictures=pictures
        )
    out.print(f"Archive: {done['archive']}", highlight=False, soft_wrap=True)
    out.print(
        f"{size(int(done['bytes']))}, read back and whole; {done['mirrored']} new files in the mirror",
        highlight=False,
    )
    if done["not_mirrored"]:
        out.print(
            f"Not in the mirror: {done['not_mirrored']} files or folders, like {done['not_mirrored_like']}",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )
    out.print(
        f"On a new machine: smartmeter restore-home {Path(str(done['archive'])).name} --home NEW",
        highlight=False,
        soft_wrap=True,
    )


@app.command(name="restore-home")
def restore_home(
    archive: Annotated[Path, typer.Argument(help="Written by `smartmeter backup --warehouse`.")],
    *,
    home: Annotated[Path, typer.Option(help="The new home folder; it must not exist yet, or be empty.")],
    pictures: Annotated[
        Path | None,
        typer.Option(help="The mirror of pictures (default: the folder `pictures` beside the archive)."),
    ] = None,
    link: Annotated[bool, typer.Option("--link", help="Link pictures instead of copying them.")] = False,
) -> None:
    """Make a home folder of an archive, on this or another machine, whole or not at all."""
    from tasks.home_archive import ArchiveError, bring_home

    refuse_unless(archive.is_file(), f"{archive} is no file. Name an archive of a home folder.")
    refuse_unless(
        pictures is None or pictures.is_dir(), f"{pictures} is no folder. Name the mirror, or leave it out."
    )
    refuse_unless(
        not home.is_mount(), f"{home} is a disk's own folder. Name a new one in it: {home / 'smartmeter'}."
    )
    beside = pictures or archive.parent / "pictures"
    try:
        manifest, count = bring_home(archive, home, beside if beside.is_dir() else None, link=link)
    except ArchiveError as error:
        out.print(str(error), style="red", soft_wrap=True)
        raise typer.Exit(2 if "not empty" in str(error) else 1) from error
    made_at = datetime.fromisoformat(manifest.made_at)
    out.print(
        f"{home} is as it was on {made_at:%Y-%m-%d at %H:%M} UTC; {count} files are back from the mirror.",
        soft_wrap=True,
        highlight=False,
    )
    if not manifest.with_secrets:
        out.print("Secrets were not in it: link the Dropbox and write secrets/alerts anew.", soft_wrap=True)
    quoted = shlex.quote(str(home))
    out.print(
        f"Now: smartmeter report --home {quoted}, then smartmeter doctor --home {quoted}",
        soft_wrap=True,
        highlight=False,
    )


@app.command(name="link-dropbox")
def link_dropbox(
    app_key: Annotated[
        str | None,
        typer.Option(help="Key of your Dropbox app (default: dropbox_app_key in the settings)."),
    ] = None,
    home: Home = None,
) -> None:
    """Let a Dropbox be the store: allow it in any browser, paste the code here.

    The code is read from the input, so it works over ssh and in a script. No secret of the app is needed.
    """
    from raspi_agent import dropbox_link as link
    from tasks.settings import load_settings

    folder = use_home(home)
    settings = load_settings()
    key = app_key or settings.store.dropbox_app_key
    refuse_unless(bool(key), link.NO_APP_KEY)

    def ask(url: str) -> str:
        out.print("Open this address in any browser, allow the access, and copy the code:\n")
        out.print(url, soft_wrap=True, highlight=False)
        out.print("\nCode: ", end="")
        return sys.stdin.readline()

    account = link.link_dropbox(folder, key, link.SERVER_SCOPES, ask)
    out.print(f"Linked with the Dropbox of {account}.", highlight=False)
    if not settings.store.url.startswith("dropbox:"):
        out.print(
            f'To use it, write url = "dropbox:/" under [store] in {folder / "smartmeter.toml"}.',
            soft_wrap=True,
            highlight=False,
        )
