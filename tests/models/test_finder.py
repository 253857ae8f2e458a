from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.calibration import Calibration, load_calibration
from models.engines.onnx_engine import OnnxEngine
from models.finder import BUILTIN as BUILTIN_FINDER
from models.finder import Found, consensus, find_register, load_finder, read_window, window_of_quad
from models.finding.geometry import OrientedBox, grown, overlap
from models.finding.search import Finder, Place
from models.looks import Opinion, Picture, Seen, look
from models.recognizer import BUILTIN, Candidate, Recognition, Recognizer, load_recognizer
from models.rendering.frames import random_frame
from models.rendering.glyphs import segment_typefaces, word
from models.rendering.meter import MeterFace, Mirror, draw_frame, register_corners
from models.window import Window, cut_window, window_from_box


@pytest.mark.parametrize(
    ("mirror", "light"), [("none", 1.0), ("none", 0.3), ("vertical", 1.0), ("horizontal", 0.6)]
)
def test_the_register_is_found_and_read_without_a_hint(mirror: Mirror, light: float) -> None:
    face = MeterFace(digits=7, decimals=1, seed=7, mirror=mirror)
    found = find_register(draw_frame(face, 361097.0, light=light, seed=1), load_recognizer())
    assert found is not None
    truth = Window(register_corners(face))
    assert overlap(np.array(found.window.corners), np.array(truth.corners)) >= 0.5
    assert found.window.orientation == truth.orientation
    assert found.recognition.best is not None
    assert found.recognition.best.text == "0361097"
    assert found.reason is None
    assert 0 < found.confidence <= 1


def test_a_camera_known_to_hang_one_way_is_read_in_no_other() -> None:
    face = MeterFace(digits=7, decimals=1, seed=7, mirror="vertical")
    frame, truth = draw_frame(face, 361097.0, seed=1), Window(register_corners(face)).orientation
    for hanging in (truth, "upright-0"):
        found = find_register(frame, load_recognizer(), digits=7, orientation=hanging)
        assert found is not None
        assert found.window.orientation == hanging
        best = found.recognition.best
        assert (best is not None and best.text == "0361097") == (hanging == truth)


@pytest.mark.parametrize(("mirror", "is_enough"), [("none", True), ("vertical", False)])
def test_others_are_glanced_at_only_where_one_could_be_surer(mirror: Mirror, is_enough: bool) -> None:
    calibration = load_calibration(BUILTIN)
    looked = partial(look, OnnxEngine(BUILTIN), calibration.sure_above)
    glanced: list[int] = []

    def counted(
        windows: Sequence[Picture],
        digits: int | None,
        *,
        recut: Sequence[Picture | None] = (),
        once: bool = False,
    ) -> list[Seen]:
        if once:
            glanced.append(len(windows))
        return looked(windows, digits, recut=recut, once=once)

    frame = draw_frame(MeterFace(digits=7, decimals=1, seed=7, mirror=mirror), 361097.0, seed=1)
    found = find_register(frame, Recognizer("counted", "", counted, calibration))
    assert found is not None
    assert found.recognition.best is not None
    assert found.recognition.best.text == "0361097"
    assert (not glanced) == is_enough


class _ThreeBands(Finder):
    """Finds a counter in each third of a picture, the upper ones rather."""

    def __init__(self) -> None:
        super().__init__(BUILTIN_FINDER)

    def places(self, picture: NDArray[np.uint8], *, long_side: int = 0) -> list[Place]:  # noqa: ARG002  as in `Finder`
        """See `Finder`."""
        drums = np.array([(100.0, 40.0), (380.0, 40.0), (380.0, 70.0), (100.0, 70.0)])
        return [
            Place(drums + np.array((0, 110 * band)), (0.0,) * 4, (1.0, 0.0, 0.0, 0.0), presence)
            for band, presence in enumerate((0.95, 0.93, 0.91))
        ]


@pytest.mark.parametrize(
    ("read", "glanced", "wins"),
    [
        ((0.99, 0.0, 0.0), (0.0, 0.9, 0.9), 0),
        ((0.7, 0.5, 0.2), (0.7, 0.5, 0.2), 0),
        ((0.7, 0.9, 0.2), (0.7, 0.9, 0.2), 1),
        ((0.6, 0.6, 0.9), (0.1, 0.5, 0.6), 2),
        ((0.0, 0.0, 0.9), (0.0, 0.0, 0.6), 2),
    ],
    ids=[
        "none could be surer",
        "stays surest",
        "one is surer",
        "glances choose others",
        "one is read at all",
    ],
)
def test_the_surest_window_is_kept(
    read: tuple[float, float, float], glanced: tuple[float, float, float], wins: int
) -> None:
    def told(
        windows: Sequence[Picture],
        digits: int | None,
        *,
        recut: Sequence[Picture | None] = (),
        once: bool = False,
    ) -> list[Seen]:
        bands = [round(float(window.mean()) / 60) - 1 for window in windows]
        shares = [(glanced if once else read)[band] for band in bands]
        return [
            Seen((Opinion(str(band), is_half=False, share=share),), 1 - share, 1)
            for band, share in zip(bands, shares, strict=True)
        ]

    noise = np.random.default_rng(0).integers(-20, 21, (330, 480, 3))
    picture = (np.repeat((60, 120, 180), 110)[:, None, None] + noise).astype(np.uint8)
    recognizer = Recognizer("told", "", told, Calibration())
    found = find_register(picture, recognizer, finder=_ThreeBands())
    assert found is not None
    assert found.recognition.best is not None
    assert found.recognition.best.text == str(wins)


@pytest.mark.parametrize("seed", [20, 35, 306])
def test_a_display_whose_digits_make_sense_in_a_mirror_is_rather_taken_for_upright(seed: int) -> None:
    frame = random_frame(np.random.default_rng([13, seed]), segment_typefaces())
    found = find_register(frame.picture, load_recognizer())
    assert found is not None
    assert found.window.orientation == "upright-0"
    assert found.recognition.best is not None
    assert found.recognition.best.text == frame.text


@pytest.mark.parametrize("size", [0.23, 0.26])
def test_a_small_counter_beneath_large_lettering_is_found_at_a_closer_look(size: float) -> None:
    meter = draw_frame(MeterFace(digits=7, decimals=1, seed=7), 361097.0, seed=1)
    height, width = meter.shape[:2]
    small = cv2.resize(meter, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
    frame = np.full((2 * height, 2 * width, 3), 205, np.uint8)
    frame[height : height + small.shape[0], width // 2 : width // 2 + small.shape[1]] = small
    title = cv2.resize(word(None, "ELECTRICITY METER"), None, fx=1.5, fy=1.5)[..., None] / 255
    top, left = height // 3, width // 5
    beneath = frame[top : top + title.shape[0], left : left + title.shape[1]]
    beneath[:] = beneath * (1 - title) + 30 * title
    found = find_register(frame, load_recognizer())
    assert found is not None
    assert found.recognition.best is not None
    assert found.recognition.best.text == "0361097"


@pytest.mark.parametrize("drums_lost", [1.0, 1.6])
@pytest.mark.parametrize("end", ["first", "last"])
def test_a_counter_cut_off_by_the_edge_gives_no_number(end: str, drums_lost: float) -> None:
    face = MeterFace(digits=7, decimals=1, seed=7)
    corners = np.array(register_corners(face))
    start, stop = corners[:, 0].min(), corners[:, 0].max()
    lost = drums_lost * (stop - start) / 7
    frame = draw_frame(face, 361097.0, seed=1)
    part = frame[:, : round(stop - lost)] if end == "last" else frame[:, round(start + lost) :]
    found = find_register(np.ascontiguousarray(part), load_recognizer())
    assert found is None or (found.reason is not None and found.recognition.candidates == ())


def test_a_counter_wholly_in_view_near_the_edge_is_read() -> None:
    face = MeterFace(digits=7, decimals=1, seed=7)
    stop = np.array(register_corners(face))[:, 0].max()
    part = draw_frame(face, 361097.0, seed=1)[:, : round(stop + 25)]
    found = find_register(np.ascontiguousarray(part), load_recognizer())
    assert found is not None
    assert not found.at_edge
    assert found.recognition.best is not None
    assert found.recognition.best.text == "0361097"


def test_a_counter_cut_out_by_somebody_may_run_up_to_the_edges() -> None:
    face = MeterFace(digits=7, decimals=1, seed=7)
    corners = np.array(register_corners(face))
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    frame = draw_frame(face, 361097.0, seed=1)
    strip = frame[round(top) - 12 : round(bottom) + 12, round(left) : round(right) + 2]
    found = find_register(np.ascontiguousarray(strip), load_recognizer())
    assert found is not None
    assert not found.at_edge


@pytest.mark.parametrize(("left", "right"), [(0.1, 0.0), (0.0, 0.1), (0.1, 0.1)])
def test_a_window_that_cuts_a_drum_is_read_with_room_beside_it(left: float, right: float) -> None:
    face = MeterFace(digits=7, decimals=1, seed=7)
    frame, reader = draw_frame(face, 361097.0, seed=1), load_recognizer()
    narrow = window_of_quad(grown(np.array(register_corners(face)), -left, 0, -right, 0))
    cut = cut_window(frame, narrow)
    within, with_room = reader.read([cut], digits=7)[0], read_window(frame, narrow, reader, digits=7)
    assert within.best is None or within.best.text != "0361097"
    assert with_room.best is not None
    assert with_room.best.text == "0361097"
    assert read_window(cut, None, reader, digits=7).candidates == within.candidates


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.full((3, 4000, 3), 90, np.uint8),
        np.zeros((480, 640, 3), np.uint8),
        np.full((480, 640, 3), 128, np.uint8),
        np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8),
        np.full((3000, 30, 3), 200, np.uint8),
    ],
    ids=["nothing", "one pixel", "a line", "black", "grey", "noise", "a pole"],
)
def test_where_there_is_no_register_none_is_read_with_confidence(picture: NDArray[np.uint8]) -> None:
    found = find_register(picture, load_recognizer())
    assert found is None or found.confidence < 0.5


def test_a_large_picture_is_searched_in_little_memory() -> None:
    import resource

    picture = np.full((6000, 8000, 3), 120, np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    load_finder().places(picture)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 120_000


def found_at(box: OrientedBox, confidence: float) -> Found:
    reading = Recognition((Candidate("1", half_step=False, probability=0.5),), None, "reader", "1", 1.0)
    return Found(window_of_quad(box.corners()), confidence, reading, None)


def test_pictures_agree_on_the_window_that_most_of_them_show() -> None:
    right = [found_at(OrientedBox(200, 100 + dy, 150, 30, 0.0), 0.4 + dy / 100) for dy in range(3)]
    wrong = found_at(OrientedBox(300, 300, 100, 30, 0.0), 0.9)
    turned = found_at(OrientedBox(200, 100, 150, 30, np.pi), 0.8)
    assert consensus([wrong, *right, turned]) is right[2]
    assert consensus([wrong]) is wrong
    assert consensus([]) is None
    cut_off = replace(wrong, at_edge=True)
    assert consensus([cut_off, right[0]]) is right[0]
    assert consensus([cut_off]) is None


def test_a_window_keeps_the_order_of_its_corners() -> None:
    window = window_from_box((10, 20, 110, 50), "vertical", 90)
    assert window_of_quad(np.array(window.corners)) == window
