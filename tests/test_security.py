"""What docs/security.md promises and no other test shows."""

import os
import pickle
import re
import runpy
from pathlib import Path

import pytest

from flows.backend import refuse_open
from flows.prefect_api import BackendError
from raspi_agent.picture_key import parse_picture_key
from tasks.settings import SettingsError, load_settings

ROOT = Path(__file__).parents[1]
ROOMS = ("deployments", "flows", "models", "raspi_agent", "tasks", "warehouse")
# Ways to run what a file or a setting says; none has a use here.
NEVER = re.compile(
    r"shell=True|os\.system|os\.popen|allow_pickle=True|weights_only=False|trust_remote_code=True|"
    r"^(?:import|from) (?:pickle|shelve|marshal)\b|yaml\.(?:unsafe_)?load\(",
    flags=re.MULTILINE,
)


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_runs_what_a_file_or_a_setting_says(room: str) -> None:
    found = {
        path.relative_to(ROOT).as_posix(): sorted(set(NEVER.findall(path.read_text())))
        for path in (ROOT / room).rglob("*.py")
    }
    assert {name: hits for name, hits in found.items() if hits} == {}


class Exploit:
    """A pickle that leaves a mark when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_a_checkpoint_with_code_in_it_is_refused_and_its_code_not_run(tmp_path: Path) -> None:
    import torch

    mark, checkpoint = tmp_path / "mark", tmp_path / "pytorch_model.bin"
    checkpoint.write_bytes(pickle.dumps(Exploit(mark), protocol=2))
    with pytest.raises(pickle.UnpicklingError):
        torch.load(checkpoint)
    assert not mark.exists()


@pytest.mark.parametrize(
    "text",
    [
        'timezone = "$(reboot)"',
        '[schedule]\ningest = "* * * * * $(reboot)"',
        '[schedule]\nbackup = "@reboot; rm -rf /"',
        '[server]\nhost = "127.0.0.1; reboot"',
        '[report]\naddress = "http://127.0.0.1:80/$(reboot)"',
        '[report]\naddress = "http://0.0.0.0:80"',
        '[store]\nurl = "sh -c reboot"',
        '[meters."../../etc"]\ncamera = "x"\ndigits = 7',
        '[meters.home]\ncamera = "$(reboot)"\ndigits = 7',
    ],
)
def test_a_setting_that_would_be_a_command_or_a_way_out_is_refused(home: Path, text: str) -> None:
    (home / "smartmeter.toml").write_text(text)
    with pytest.raises(SettingsError, match="can't be used"):
        load_settings()


@pytest.mark.parametrize(
    "key",
    [
        "images/cellar/20260329/../../../x.jpg",
        "/images/cellar/20260329/20260329_120007Z_000042.jpg",
        "images/cellar/20260329/20260329_120007Z_000042.jpg/../../x",
        "images/cellar/20260329\\20260329_120007Z_000042.jpg",
        "images/cellar/20260329/20260329_120007Z_000042.jpg\n",
    ],
)
def test_a_name_in_the_store_that_leads_elsewhere_is_no_picture_key(key: str) -> None:
    assert parse_picture_key(key) is None


@pytest.mark.parametrize(
    ("host", "password", "is_open"),
    [
        ("127.0.0.1", "", False),
        ("localhost", "", False),
        ("0.0.0.0", "", True),  # noqa: S104  (it is refused)
        ("192.168.1.20", "", True),
        ("192.168.1.20", "smartmeter:0123456789abcdef", False),
    ],
)
def test_an_api_for_other_machines_has_a_password(
    home: Path, monkeypatch: pytest.MonkeyPatch, host: str, password: str, is_open: bool
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", password)
    if is_open:
        with pytest.raises(BackendError, match="needs a password"):
            refuse_open(home, host)
    else:
        refuse_open(home, host)


@pytest.mark.parametrize(
    ("found", "code", "sentence"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], 0, "1 of 1 pinned versions could be looked up, 0"),
        ([{"name": "a", "version": "1", "skip_reason": "not found"}], 0, "not checked, 0 of 1"),
        ([{"name": "a", "version": "1", "vulns": [{"id": "CVE-1"}]}], 1, "a 1 has CVE-1"),
    ],
)
def test_the_audit_tells_a_hole_from_an_answer_that_never_came(
    found: list[dict[str, object]], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert runpy.run_path(str(ROOT / ".ci" / "audit.py"))["tell"](found) == code
    assert sentence in capsys.readouterr().out
