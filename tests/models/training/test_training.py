import io
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import cv2
import numpy as np
import polars as pl
import pytest
import torch

from models.recognizer import load_recognizer
from models.rendering.drums import DrumShape, drum_texture, drum_view
from models.rendering.glyphs import own_typefaces
from models.rendering.strips import WINDOW_HEIGHT
from models.training.__main__ import options_of, run
from models.training.fit import FitPlan, fit, learning_rate_at, load_state, recoloured
from models.training.real_drums import DrumBank, glued_strip, is_held_out, load_drums, make_of, paled
from models.training.shards import labels_of
from models.vocabulary import EOS, FIRST_DIGIT, HALF_STEP


@pytest.fixture(scope="module")
def drums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small table of drums, one make for training and one that is held out."""
    shape = DrumShape(pitch=30, width=20, digit_height=24)
    texture = drum_texture(own_typefaces()[1], shape)
    makes = {
        held: next(f"water/m{n}" for n in range(99) if is_held_out(f"water/m{n}") == held)
        for held in (True, False)
    }
    rows = []
    for meter in makes.values():
        for tenth in range(100):
            view = (drum_view(texture, shape, tenth / 10, 32) * 200 + 20).astype(np.uint8)
            jpeg = io.BytesIO(cv2.imencode(".jpg", view)[1].tobytes()).getvalue()
            rows.append(("watermeter", meter, f"{tenth / 10:.1f}", jpeg))
    path = tmp_path_factory.mktemp("drums") / "drums.parquet"
    pl.DataFrame(rows, schema=["kind", "meter", "position", "jpeg"], orient="row").write_parquet(path)
    return path


@pytest.fixture(scope="module")
def trained(drums: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a run through the first three stages, as small as can be."""
    home = tmp_path_factory.mktemp("home")
    _run("pool", home, drums)
    _run("stem", home, drums)
    _run("train", home, drums)
    return home


def _run(stage: str, home: Path, drums: Path, *more: str) -> None:
    sizes = [
        "--shards",
        "1",
        "--shard-size",
        "70",
        "--held-out-size",
        "6",
        "--stem-steps",
        "1",
        "--samples",
        "128",
    ]
    run(options_of([stage, "--home", str(home), "--drums", str(drums), "--threads", "1", *sizes, *more]))


def test_training_resumes_where_it_stopped(trained: Path) -> None:
    plan = FitPlan(trained / "pool", trained / "stem.pt", trained / "checkpoint.pt", 256, 64, 1e-3, seed=0)
    before = load_state(plan)
    assert (before.step, before.seen) == (2, 128)
    after = fit(plan)
    assert (after.step, after.seen) == (4, 256)


def test_the_exported_folder_is_a_reader_with_a_card(trained: Path, drums: Path, tmp_path: Path) -> None:
    _run("export", trained, drums, "--target", str(tmp_path / "weights"), "--card", str(tmp_path / "card.md"))
    recognizer = load_recognizer(str(tmp_path / "weights"))
    assert recognizer.read([np.full((30, 150, 3), 90, np.uint8)])[0].reader == str(tmp_path / "weights")
    card = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert "Apache-2.0" in card
    assert "{" not in card


def _bank(folder: Path, devices: dict[str, int]) -> DrumBank:
    """Two of every digit of each device, all grey; the number is the tenth at which its drums stand."""
    jpeg = cv2.imencode(".jpg", np.full((32, 20), 90, np.uint8))[1].tobytes()
    rows = [
        ("powermeter", device, f"{digit}.{tenth}", jpeg)
        for device, tenth in devices.items()
        for digit in [*range(10)] * 2
    ]
    path = folder / "drums.parquet"
    pl.DataFrame(rows, schema=["kind", "meter", "position", "jpeg"], orient="row").write_parquet(path)
    return load_drums(path, held_out=False)


_MAKE = next(f"power/m{n}" for n in range(99) if not is_held_out(f"power/m{n}"))


def test_digits_of_one_device_that_never_turn_are_a_display(tmp_path: Path) -> None:
    bank = _bank(tmp_path, {f"{_MAKE}/still": 0, f"{_MAKE}/turning": 4})
    assert bank.displays == {f"{_MAKE}/still"}
    strips = [glued_strip(np.random.default_rng(seed), bank) for seed in range(8)]
    assert any(strip.tenth is None for strip in strips)


def test_displays_are_seen_more_often_than_their_number(tmp_path: Path) -> None:
    bank = _bank(tmp_path, {f"{_MAKE}/still": 0} | {f"{_MAKE}/turning{n}": 1 for n in range(9)})
    strips = [glued_strip(np.random.default_rng(seed), bank, "clean") for seed in range(80)]
    assert sum(strip.tenth is None for strip in strips) > 80 / 5


def test_digits_of_a_display_pale_towards_an_edge_now_and_then_and_nothing_else_changes() -> None:
    cell = np.full((WINDOW_HEIGHT, 24, 3), 200, np.float32)
    cell[4::8] = 40
    faded = 0
    for seed in range(60):
        seen = np.stack(paled(np.random.default_rng(seed), [cell] * 6))
        assert seen.min() >= 40
        assert seen.max() <= 200
        assert (seen[:, cell == 200] == 200).all()
        faded += bool(seen[:, cell == 40].max() > 80)
    assert 10 < faded < 45


def test_no_make_is_on_both_sides(drums: Path) -> None:
    sides = [{make_of(meter) for meter in load_drums(drums, held_out=side).meters} for side in (True, False)]
    assert all(sides)
    assert not sides[0] & sides[1]


@pytest.mark.parametrize(
    ("meters", "same"),
    [
        (("powermeter/ISKRA T3F-01S1/20230604", "powermeter/ISKRA.T3F-01S1_20250630/20250630"), True),
        (("watermeter/Metrona/cold/20251014", "watermeter/Metrona/warm/20230626"), True),
        (("powermeter/betar/1", "powermeter/emeter1"), False),
    ],
)
def test_one_device_under_several_dates_is_one_make(meters: tuple[str, str], same: bool) -> None:
    assert (make_of(meters[0]) == make_of(meters[1])) == same


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", [EOS]),
        ("09~", [FIRST_DIGIT, FIRST_DIGIT + 9, HALF_STEP, EOS]),
    ],
)
def test_labels_end_and_the_rest_is_ignored(text: str, tokens: list[int]) -> None:
    row = labels_of([text])[0].tolist()
    assert row[: len(tokens)] == tokens
    assert set(row[len(tokens) :]) <= {-100}


def test_the_learning_rate_warms_up_holds_and_falls() -> None:
    rates = [learning_rate_at(progress, 10_000, 1.0) for progress in np.linspace(0, 1, 50)]
    assert learning_rate_at(0.0, 0, 1.0) < 0.01
    assert rates[0] == rates[20] == 1.0
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0.02)


def test_recoloured_strips_are_negatives_or_of_other_colours() -> None:
    pictures = torch.rand(200, 3, 4, 5, generator=torch.manual_seed(1))
    seen = recoloured(pictures, np.random.default_rng(1))
    known = torch.stack(
        [each[:, list(order)] for each in (pictures, 1 - pictures) for order in permutations(range(3))]
    )
    assert bool((known == seen).flatten(2).all(2).any(0).all())
    unchanged = (pictures == seen).flatten(1).all(1).float().mean()
    assert 0.6 < unchanged < 0.95


def test_a_pool_is_the_same_for_the_same_seed(trained: Path, drums: Path, tmp_path: Path) -> None:
    _run("pool", tmp_path, drums)
    for name in ("train-0000", "val-drums", "val-fonts"):
        first, second = (np.load(home / "pool" / f"{name}.pictures.npy") for home in (trained, tmp_path))
        assert np.array_equal(first, second)


def test_a_run_that_another_version_has_begun_is_refused_in_a_sentence(tmp_path: Path) -> None:
    torch.save({"model": {"encoder.layers.0.other": torch.zeros(1)}}, tmp_path / "checkpoint.pt")
    command = [sys.executable, "-m", "models.training", "train", "--home", str(tmp_path)]
    refused = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3]
    )
    assert refused.returncode == 2
    assert refused.stderr.strip().endswith("Remove it to train anew.")
    assert "Traceback" not in refused.stderr


def test_weighing_needs_a_reader_to_ask(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        options_of(["weigh"])
    assert ended.value.code == 2
    assert "--start-from" in capsys.readouterr().err
