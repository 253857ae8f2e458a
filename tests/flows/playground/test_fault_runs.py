from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.playground.fault_runs.rules import Rule
from flows.playground.fault_runs.runs import run_rounds

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_doubled_or_left_behind_in_a_folder(tmp_path: Path, seed: int) -> None:
    report = run_rounds(12, seed, tmp_path, None)
    assert report.is_clean, report
    assert report.promised > 5
    assert report.happened["a power cut"] + report.happened["a kill"] > 0


def test_nothing_is_lost_doubled_or_left_behind_in_a_dropbox(
    dropbox_emulator: "DropboxEmulator", tmp_path: Path
) -> None:
    report = run_rounds(10, 1, tmp_path, dropbox_emulator)
    assert report.is_clean, report
    assert report.happened["trouble on the line"] > 0


@pytest.mark.parametrize(
    "rule",
    [
        Rule.SYNC_FILES,
        Rule.SYNC_FOLDERS,
        Rule.CONFIRMED_FIRST,
        Rule.READ_BACK,
        Rule.SLOT_ONCE,
        Rule.WHOLE_PICTURES,
        Rule.NUMBERED,
        Rule.UNSENT_STAYS,
    ],
)
def test_without_one_of_the_rules_the_rounds_show_it(tmp_path: Path, rule: Rule) -> None:
    for seed in range(20):
        folder = tmp_path / str(seed)
        folder.mkdir()
        if not run_rounds(12, seed, folder, None, without=rule).is_clean:
            return
    pytest.fail("nothing happened: the rounds are too kind")


def test_the_originals_logic_loses_pictures(dropbox_emulator: "DropboxEmulator", tmp_path: Path) -> None:
    assert run_rounds(8, 0, tmp_path, dropbox_emulator, original=True).lost > 0
