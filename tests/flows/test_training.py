from pathlib import Path

import pytest
import torch
from rich.console import Console

from flows.training import TrainingWish, train_reader
from models.recognizer import BUILTIN, load_recognizer
from models.rendering.meter import MeterFace, draw_frame, encode_jpeg, register_corners
from models.window import Window, cut_window
from tasks.settings import SettingsError


def _labelled(folder: Path) -> Path:
    """Windows of a meter that the built-in reader reads well."""
    face = MeterFace(mirror="none")
    folder.mkdir()
    rows = ["file,reading"]
    for index in range(6):
        window = cut_window(draw_frame(face, 361_097.0 + index, seed=index), Window(register_corners(face)))
        (folder / f"{index}.jpg").write_bytes(encode_jpeg(window))
        rows.append(f"{index}.jpg,{361_097 + index:07d}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("adopt", [True, False])
def test_a_reader_that_is_no_better_is_not_adopted(tmp_path: Path, adopt: bool) -> None:
    own, home, console = _labelled(tmp_path / "own"), tmp_path / "home", Console(record=True, width=200)
    before = {file.name: file.stat().st_mtime_ns for file in BUILTIN.iterdir()}
    wish = TrainingWish(home, (own,), (), None, None, 64, 1, 64, 0, "builtin", adopt)
    assert train_reader(wish, console) == (not adopt)
    said = console.export_text()
    assert "labelled pictures not trained on" in said
    assert ("not adopted" in said) == adopt
    assert not (home / "models").exists()
    assert load_recognizer(str(home / "training" / "weights")).version
    assert "--without-drums" in (home / "training" / "card.md").read_text(encoding="utf-8")
    assert {file.name: file.stat().st_mtime_ns for file in BUILTIN.iterdir()} == before


def test_a_training_that_another_version_has_begun_is_refused_with_a_remedy(tmp_path: Path) -> None:
    own, checkpoint = _labelled(tmp_path / "own"), tmp_path / "training" / "checkpoint.pt"
    checkpoint.parent.mkdir()
    torch.save({"model": {"encoder.layers.0.other": torch.zeros(1)}}, checkpoint)
    wish = TrainingWish(tmp_path, (own,), (), None, None, 64, 1, 64, 0, "builtin", adopt=False)
    with pytest.raises(SettingsError, match=r"checkpoint\.pt holds a reader of another shape.* Remove it"):
        train_reader(wish, Console(record=True))
    assert checkpoint.exists()
