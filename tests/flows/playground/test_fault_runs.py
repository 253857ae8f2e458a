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


@pytest.mark.parametrize("rule", [Rule.SYNC_FILES, Rule.SYNC_FOLDERS, Rule.CONFIRMED_FIRST, Rule.READ_BACK])
def test_without_one_of_the_rules_pictures_are_lost(tmp_path: Path, rule: Rule) -> None:
    for seed in range(12):
        folder = tmp_path / str(seed)
        folder.mkdir()
        if run_rounds(12, seed, folder, None, without=rule).lost:
            return
    pytest.fail("nothing was lost: the rounds are too kind")


def test_the_originals_logic_loses_pictures(dropbox_emulator: "DropboxEmulator", tmp_path: Path) -> None:
    assert run_rounds(8, 0, tmp_path, dropbox_emulator, original=True).lost > 0
