"""Killed anywhere, in loads and in migrations, the warehouse is whole, and doing it again gives the same."""

import subprocess
import sys
from pathlib import Path


def test_kills_leave_nothing_half_done_and_lose_nothing_acknowledged() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.kills", "--kills", "24"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout == "24 kills, 0 faults\n", answer.stdout + answer.stderr
    assert answer.returncode == 0
