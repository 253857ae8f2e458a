"""The link to a Dropbox: a refresh token in a file that only its owner reads."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from raspi_agent import durable
from raspi_agent.store import StoreRefused


@dataclass(frozen=True, slots=True)
class DropboxToken:
    """What it takes to ask for access: the app that was allowed, and the refresh token it was given."""

    app_key: str
    refresh_token: str = field(repr=False)


def token_path(home: Path) -> Path:
    """Where the link of this home folder is kept."""
    return home / "secrets" / "dropbox.json"


def load_token(home: Path) -> DropboxToken:
    """The link of this home folder.

    Raises:
        StoreRefused: there is none, or it cannot be read.
    """
    path = token_path(home)
    try:
        values = json.loads(path.read_bytes())
        return DropboxToken(app_key=str(values["app_key"]), refresh_token=str(values["refresh_token"]))
    except FileNotFoundError as error:
        message = f"no Dropbox is linked ({path} is missing): run `link-dropbox`"
        raise StoreRefused(message) from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        message = f"the link to Dropbox in {path} can't be read: run `link-dropbox` again"
        raise StoreRefused(message) from error


def save_token(home: Path, token: DropboxToken) -> Path:
    """Keep the link, readable by its owner only, in place of an earlier one; return where.

    Raises:
        OSError: the disk refuses; an earlier link stays.
    """
    path = token_path(home)
    durable.make_folder(path.parent)
    path.parent.chmod(0o700)
    previous = os.umask(0o077)
    try:
        durable.replace(path, json.dumps(asdict(token)).encode())
    finally:
        os.umask(previous)
    return path
