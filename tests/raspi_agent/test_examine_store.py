import os
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from raspi_agent.dropbox_errors import store_error
from raspi_agent.dropbox_link import CAMERA_SCOPES
from raspi_agent.examine_store import examine_store, explain
from raspi_agent.finding import Verdict
from raspi_agent.mounted import lies_on_root

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator


def test_a_folder_is_written_to_and_left_as_it_was(tmp_path: Path) -> None:
    finding = examine_store("file:store", tmp_path)
    assert (finding.verdict, list((tmp_path / "store").iterdir())) == (Verdict.OK, [])
    assert "has room for" in finding.sentence


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("file:/not/mounted", "mount it or create it"),
        ("file:/proc", "/proc takes no files"),
        ("ftp://x", "is no store"),
        ("dropbox:/", "no Dropbox is linked"),
    ],
)
def test_a_store_that_takes_nothing_is_a_fault_with_its_reason(tmp_path: Path, url: str, says: str) -> None:
    finding = examine_store(url, tmp_path)
    assert finding.verdict is Verdict.FAULT
    assert says in finding.sentence
    assert finding.remedy


def test_a_mount_point_where_nothing_is_mounted_is_told(tmp_path: Path) -> None:
    if not os.access("/mnt", os.W_OK) or not lies_on_root(Path("/mnt")):
        pytest.skip("nothing may be made below /mnt here")
    with tempfile.TemporaryDirectory(dir="/mnt") as folder:
        finding = examine_store(f"file:{folder}", tmp_path)
    assert (finding.verdict, "nothing is mounted there" in finding.sentence) == (Verdict.WARNING, True)


def test_a_link_that_may_only_add_is_found_good_and_nothing_is_left_behind(
    tmp_path: Path, dropbox_emulator: "DropboxEmulator"
) -> None:
    dropbox_emulator.link(tmp_path, CAMERA_SCOPES)
    finding = examine_store("dropbox:/", tmp_path)
    assert (finding.verdict, finding.sentence) == (
        Verdict.OK,
        "dropbox:/ takes pictures and has room for 2.1 GB",
    )
    assert dropbox_emulator.files.paths() == []
    assert dropbox_emulator.calls["files/upload"] == 0


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("scope", "lacks the permission files.content.write"),
        ("revoked", "no longer accepts the link"),
        ("away", "Dropbox has trouble of its own"),
        ("full", "has room for 0.0 GB"),
        ("certificate", "without a certificate that can be trusted (TLS)"),
    ],
)
def test_what_is_wrong_with_a_dropbox_is_told_apart(
    tmp_path: Path,
    dropbox_emulator: "DropboxEmulator",
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
    says: str,
) -> None:
    dropbox_emulator.link(tmp_path, ("account_info.read",) if trouble == "scope" else CAMERA_SCOPES)
    match trouble:
        case "revoked":
            dropbox_emulator.tokens.revoke_all()
        case "away":
            dropbox_emulator.fail("*", status=503, times=9)
        case "full":
            dropbox_emulator.files.put("/x", bytes(1000))
            dropbox_emulator.files.quota_bytes = 1000
        case "certificate":
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.devnull)
    finding = examine_store("dropbox:/", tmp_path)
    assert says in finding.sentence
    assert finding.verdict is (Verdict.WARNING if trouble == "full" else Verdict.FAULT)


def test_a_name_that_cannot_be_found_is_told_from_a_server_that_is_away() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    sentences = []
    for address in ("http://no-such-host.invalid", f"http://127.0.0.1:{port}"):
        session = requests.Session()
        session.trust_env = False
        with pytest.raises(requests.RequestException) as caught:
            session.get(address, timeout=10)
        error = store_error(caught.value)
        error.__cause__ = caught.value
        sentences.append(explain(error).sentence)
    assert "(DNS)" in sentences[0]
    assert "(DNS)" not in sentences[1]
