from itertools import combinations

import numpy as np
import pytest

from tasks.reports.theme import DARK, LIGHT, QUALITIES, Palette, css_variables, vega_config

PALETTES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])

# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(colour: str, vision: str) -> np.ndarray:
    xyz = TO_XYZ @ np.clip(VISIONS[vision] @ linear(colour), 0, 1) / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(first: str, second: str) -> float:
    luminances = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (first, second))
    return (luminances[1] + 0.05) / (luminances[0] + 0.05)


@PALETTES
@pytest.mark.parametrize("vision", VISIONS)
def test_qualities_stay_apart_for_every_eye(palette: Palette, vision: str) -> None:
    for first, second in combinations(QUALITIES, 2):
        distance = np.linalg.norm(
            lab(getattr(palette, first), vision) - lab(getattr(palette, second), vision)
        )
        assert distance > 20, (first, second)


@PALETTES
@pytest.mark.parametrize("vision", VISIONS)
def test_the_ramp_grows_steadily_in_lightness(palette: Palette, vision: str) -> None:
    lightness = [lab(colour, vision)[0] for colour in palette.ramp]
    steps = np.diff(lightness)
    assert (np.abs(steps) > 8).all()
    assert len(set(np.sign(steps))) == 1


@PALETTES
@pytest.mark.parametrize("text", ["ink", "muted", "accent"])
@pytest.mark.parametrize("ground", ["card", "page"])
def test_text_meets_wcag_aa(palette: Palette, text: str, ground: str) -> None:
    assert contrast(getattr(palette, text), getattr(palette, ground)) >= 4.5


@PALETTES
def test_page_and_charts_share_one_palette(palette: Palette) -> None:
    in_charts = {
        param["name"].removeprefix("colour_"): param["value"] for param in vega_config(palette)["params"]
    }
    in_page = dict(
        pair.split(":") for pair in css_variables(palette).replace("--", "").rstrip(";").split(";")
    )
    assert in_charts == in_page
