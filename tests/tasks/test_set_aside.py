import logging
from pathlib import Path
from typing import get_args

import pytest

from models.picture import PictureReason
from tasks.set_aside import FEW, REMEDIES, SetAside, tell


@pytest.mark.parametrize("reason", [*get_args(PictureReason), "no_time", "from_the_future"])
def test_every_reason_has_a_remedy(reason: str, caplog: pytest.LogCaptureFixture) -> None:
    tell([SetAside("a.jpg", reason)])
    assert caplog.messages[0].startswith("a.jpg is kept but can't be read: ")
    assert REMEDIES[reason].format(labels="CSV") in caplog.messages[0]


@pytest.mark.parametrize(("number", "lines"), [(0, 0), (1, 1), (FEW, FEW), (FEW + 1, 1), (200, 1)])
def test_a_few_are_named_and_many_are_counted(
    number: int, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "tasks")
    tell([SetAside(f"{place}.jpg", "no_time") for place in range(number)], Path("times.csv"))
    warned = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert len(warned) == lines
    assert sum("times.csv" in message for message in warned) == min(lines, 1), "the remedy is told once"
    assert all(any(f"{place}.jpg is kept" in each for each in caplog.messages) for place in range(number))
