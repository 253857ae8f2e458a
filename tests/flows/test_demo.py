from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from flows.demo import SLOT, Verdict, run_demo, simulate
from tasks.settings import SettingsError

RIGHT = Verdict(
    pictures=97,
    right=92,
    repaired=3,
    wrong=0,
    rejected=4,
    missing=1,
    energy_wh=8000,
    true_energy_wh=8050,
)


@pytest.mark.parametrize(
    ("verdict", "passed"),
    [
        (RIGHT, True),
        (replace(RIGHT, wrong=1), False),
        (replace(RIGHT, right=80), False),
        (replace(RIGHT, energy_wh=8300), False),
        (replace(RIGHT, energy_wh=0, right=0), False),
    ],
)
def test_the_demo_passes_only_if_the_result_is_right(verdict: Verdict, passed: bool) -> None:
    assert verdict.passed is passed


@pytest.mark.parametrize("days", [1, 3])
def test_the_simulated_register_covers_whole_days_and_never_falls(days: int) -> None:
    truth = simulate(days)
    assert len(truth.slot_at) == len(truth.position_units)
    assert {later - earlier for earlier, later in zip(truth.slot_at, truth.slot_at[1:], strict=False)} == {
        SLOT
    }
    assert abs((truth.slot_at[-1] - truth.slot_at[0]) - timedelta(days=days)) <= timedelta(hours=1)
    assert (truth.position_units[1:] >= truth.position_units[:-1]).all()
    kwh_a_day = (truth.position_units[-1] - truth.position_units[0]) / 10 / days
    assert 4 < kwh_a_day < 20


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(SettingsError, match="nothing was touched"):
        run_demo(tmp_path, 1, Console(quiet=True))
    assert (tmp_path / "letters.txt").read_text() == "dear"
