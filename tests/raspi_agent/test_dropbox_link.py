"""Linking by the real SDK: what the browser shows is the emulator's."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from raspi_agent.dropbox_link import CAMERA_SCOPES, SERVER_SCOPES, link_dropbox
from raspi_agent.dropbox_store import DropboxStore
from raspi_agent.dropbox_token import load_token, token_path
from raspi_agent.store import Added, StoreRefused, StoreUnavailable

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator

KEY = "images/cellar/20261001/20261001_101500Z_000001.jpg"


def test_a_linked_server_reads_and_writes(dropbox_emulator: "DropboxEmulator", tmp_path: Path) -> None:
    assert link_dropbox(tmp_path, dropbox_emulator.app_key, SERVER_SCOPES, dropbox_emulator.approve)
    assert token_path(tmp_path).stat().st_mode & 0o777 == 0o600
    assert token_path(tmp_path).parent.stat().st_mode & 0o777 == 0o700
    store = DropboxStore("/", tmp_path)
    assert store.add(KEY, b"picture") is Added.STORED
    (revision,) = store.list().revisions
    assert store.fetch(revision) == b"picture"
    assert store.delete(revision)


def test_a_linked_camera_adds_and_sees_nothing(dropbox_emulator: "DropboxEmulator", tmp_path: Path) -> None:
    link_dropbox(tmp_path, dropbox_emulator.app_key, CAMERA_SCOPES, dropbox_emulator.approve)
    store = DropboxStore("/", tmp_path)
    assert store.add(KEY, b"picture") is Added.STORED
    with pytest.raises(StoreRefused, match=r"files\.metadata\.read"):
        store.list()


def used_up(emulator: "DropboxEmulator") -> Callable[[str], str]:
    def ask(url: str) -> str:
        code = emulator.approve(url)
        emulator.tokens.codes.clear()
        return code

    return ask


def for_another_address(emulator: "DropboxEmulator") -> Callable[[str], str]:
    def ask(url: str) -> str:
        start, _, rest = url.partition("code_challenge=")
        return emulator.approve(f"{start}code_challenge=A{rest[1:] if rest[0] != 'A' else 'B' + rest[1:]}")

    return ask


@pytest.mark.parametrize(
    ("app_key", "answer", "says"),
    [
        (None, lambda _: lambda _: "made-up", "does not accept the code"),
        (None, used_up, "does not accept the code"),
        (None, for_another_address, "invalid code verifier"),
        (None, lambda _: lambda _: "  \n", "No code was given"),
        (None, lambda emulator: lambda url: emulator.approve(url, CAMERA_SCOPES), "files.content.read"),
        ("strangers0key", lambda _: lambda _: "made-up", "knows no app with that key"),
    ],
)
def test_what_goes_wrong_is_told_and_an_earlier_link_stays(
    dropbox_emulator: "DropboxEmulator",
    tmp_path: Path,
    app_key: str | None,
    answer: Callable[["DropboxEmulator"], Callable[[str], str]],
    says: str,
) -> None:
    dropbox_emulator.link(tmp_path)
    before = load_token(tmp_path)
    with pytest.raises(StoreRefused) as refusal:
        link_dropbox(tmp_path, app_key or dropbox_emulator.app_key, SERVER_SCOPES, answer(dropbox_emulator))
    assert says in str(refusal.value)
    assert load_token(tmp_path) == before


def test_without_a_network_nothing_is_linked(
    dropbox_emulator: "DropboxEmulator", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(StoreUnavailable):
        link_dropbox(tmp_path, dropbox_emulator.app_key, SERVER_SCOPES, dropbox_emulator.approve)
    assert not token_path(tmp_path).exists()


COMMANDS = {
    "agent": ["-m", "raspi_agent", "--home", "{home}", "link-dropbox"],
    "server": ["-m", "flows.cli", "link-dropbox", "--home", "{home}"],
}
SETTINGS = {
    "agent": ("agent.toml", 'camera = "cellar"\ncamera_url = "folder:in"\n', "", "store_url ="),
    "server": ("smartmeter.toml", "", "[store]\n", "[store]"),
}


@pytest.mark.parametrize("side", ["agent", "server"])
def test_the_command_over_pipes(dropbox_emulator: "DropboxEmulator", tmp_path: Path, side: str) -> None:
    name, text, table, hint = SETTINGS[side]
    (tmp_path / name).write_text(f'{text}{table}dropbox_app_key = "{dropbox_emulator.app_key}"\n')
    command = [sys.executable, *(part.format(home=tmp_path) for part in COMMANDS[side])]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        url = next(line for line in process.stdout if line.startswith("https://www.dropbox.com/")).strip()
        process.stdin.write(f"{dropbox_emulator.approve(url)}\n")
        process.stdin.close()
        rest = process.stdout.read()
        assert process.wait() == 0
    assert "Dropbox of" in rest
    assert hint in rest
    assert load_token(tmp_path).app_key == dropbox_emulator.app_key


@pytest.mark.parametrize(
    ("side", "key", "code", "exit_code", "says"),
    [
        ("agent", True, "made-up\n", 1, "does not accept the code"),
        ("server", True, "made-up\n", 1, "does not accept the code"),
        ("agent", False, "", 2, "dropbox_app_key"),
        ("server", False, "", 2, "dropbox_app_key"),
    ],
)
def test_the_command_says_what_is_wrong_by_words_and_exit_code(
    dropbox_emulator: "DropboxEmulator",
    tmp_path: Path,
    *,
    side: str,
    key: bool,
    code: str,
    exit_code: int,
    says: str,
) -> None:
    name, text, table, _ = SETTINGS[side]
    (tmp_path / name).write_text(
        f'{text}{table}dropbox_app_key = "{dropbox_emulator.app_key}"\n' if key else text
    )
    command = [sys.executable, *(part.format(home=tmp_path) for part in COMMANDS[side])]
    answer = subprocess.run(
        command, input=code, capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert answer.returncode == exit_code
    assert says in answer.stderr
    assert "Traceback" not in answer.stderr
