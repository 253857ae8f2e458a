from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tasks.recognize
from models.recognizer import Candidate, Recognition
from tasks.recognize import ArchivedPicture, candidate_rows, recognize_batch
from tasks.settings import MeterSettings, Settings
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate

SEEN = Recognition((Candidate("0036109", half_step=False, probability=0.5),), None, "reader", "1", 1.0)


class TellsTenths:
    """A reader of three pictures: one shows a tenth, one cannot tell, one is dark."""

    name, version = "reader", "1"

    def read(self, windows: list[object], *, digits: int, recut: list[object]) -> list[Recognition]:
        assert (len(windows), digits, recut) == (3, 7, [None] * 3)
        return [replace(SEEN, tenth=4), SEEN, replace(SEEN, candidates=(), reason="dark")]


@pytest.mark.parametrize(
    ("text", "value"),
    [("0036109", 36109), ("036109", None), ("00361097", None), ("003610²", None), ("", None)],
)
def test_only_a_text_with_every_drum_has_a_value(text: str, value: int | None) -> None:
    seen = replace(SEEN, candidates=(Candidate(text, half_step=False, probability=0.5),))
    assert [row["value_units"] for row in candidate_rows("key", seen, 7)] == [value]


def test_the_tenth_of_the_last_drum_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path, meters={"home": MeterSettings(camera="cellar", digits=7)})
    monkeypatch.setattr(tasks.recognize, "load_recognizer", lambda *_: TellsTenths())
    settings.archive.mkdir(parents=True)
    for name in "abc":
        Image.fromarray(np.full((32, 160, 3), 128, np.uint8)).save(settings.archive / f"{name}.jpg")
    with open_warehouse(settings.warehouse) as warehouse:
        migrate(warehouse)
    found = [ArchivedPicture(f"{name}.jpg", datetime(2026, 3, 1, tzinfo=UTC)) for name in "abc"]
    assert recognize_batch.fn(settings, "home/1-0:1.8.0", found) == 2
    with open_warehouse(settings.warehouse) as warehouse:
        rows = warehouse.sql("select picture_key, tenth from raw.recognitions order by all").rows()
    assert rows == [("a.jpg", 4), ("b.jpg", None), ("c.jpg", None)]
