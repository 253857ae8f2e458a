import io
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from flows.playground.meter_camera import FAULTS, REGISTER, Fault, MeterCamera, truth_at
from models.rendering.meter import draw_frame
from raspi_agent.cameras.camera import CameraError
from raspi_agent.cameras.http import HttpCamera
from raspi_agent.lamps.http import HttpLamp
from raspi_agent.picture_quality import judge_picture

NOW = datetime(2026, 11, 24, 19, 30, tzinfo=UTC)


def agent_of(url: str, *, discard: int = 0) -> HttpCamera:
    return HttpCamera(url, Path("nowhere"), discard=discard)


def pixels(data: bytes) -> NDArray[np.int16]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.int16)


def sharpness(data: bytes) -> float:
    return float(np.abs(np.diff(pixels(data).mean(axis=2), axis=1)).mean())


def test_the_agent_photographs_the_register_as_it_stands() -> None:
    with MeterCamera(now=lambda: NOW) as camera:
        agent = agent_of(f"{camera.url}/capture", discard=1)
        shots = [agent.capture(20) for _ in range(2)]
        told = httpx.get(f"{camera.url}/truth", timeout=20).json()
    truth = truth_at(NOW)
    assert told["reading"] == truth.reading
    assert [judge_picture(shot.data) for shot in shots] == [None, None]
    assert shots[0].data != shots[1].data
    seen = pixels(shots[0].data)
    right = draw_frame(camera.face, truth.position_units, seed=1)
    wrong = draw_frame(camera.face, truth.position_units + 55_555.5, seed=1)
    assert np.abs(seen - right).mean() < np.abs(seen - wrong).mean()


def test_the_register_only_ever_turns_forwards_and_is_the_same_for_everybody() -> None:
    start_at = datetime(2026, 12, 31, tzinfo=UTC)  # the household's year ends within the days that follow
    at = [start_at + timedelta(hours=hours) for hours in range(24 * 10)]
    positions = [truth_at(each).position_units for each in at]
    steps = np.diff(positions)
    assert (steps > 0).all()
    assert (steps * REGISTER.unit_wh < REGISTER.max_power_w).all()
    assert 6_000 < (positions[-1] - positions[0]) * REGISTER.unit_wh / 10 < 14_000  # Wh a day
    assert [truth_at(each).position_units for each in reversed(at)] == positions[::-1]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("cut", "a JPEG without its end"),
        ("hang", "has not answered in time"),
        ("html", "sends a web page"),
        ("404", "404 Not Found: no picture is there"),
        ("smoke", "answers 400 Bad Request"),
    ],
)
def test_faults_that_cost_the_picture(fault: str, error: str) -> None:
    with MeterCamera() as camera, pytest.raises(CameraError, match=error):
        agent_of(f"{camera.url}/capture?fault={fault}").capture(0.5 if fault == "hang" else 20)


def test_faults_that_show_in_the_picture() -> None:
    with MeterCamera() as camera:
        well, dark, blurred = (
            agent_of(f"{camera.url}/capture{fault}").capture(20).data
            for fault in ("", "?fault=dark", "?fault=blur")
        )
        frozen = agent_of(f"{camera.url}/capture?fault=frozen")
        frozen.capture(20)
        with pytest.raises(CameraError, match="is frozen"):
            frozen.capture(20)
    assert judge_picture(dark) == "dark"
    assert judge_picture(blurred) is None
    assert sharpness(blurred) < sharpness(well) / 2


def test_its_lamp_obeys_the_agent() -> None:
    with MeterCamera() as camera:
        lamp = HttpLamp(f"{camera.url}/light/on", f"{camera.url}/light/off")
        agent = agent_of(f"{camera.url}/capture")
        verdicts = []
        for switch in (lamp.off, lamp.on):
            switch()
            verdicts.append(judge_picture(agent.capture(20).data))
    assert verdicts == ["dark", None]


def test_a_fault_comes_with_every_so_many_pictures() -> None:
    with MeterCamera(fault="404", fault_every=3) as camera:
        agent = agent_of(f"{camera.url}/capture")
        answers = []
        for _ in range(6):
            try:
                agent.capture(20)
                answers.append(200)
            except CameraError:
                answers.append(404)
    assert answers == [200, 200, 404] * 2


def test_the_command_says_where_it_is_and_ends_with_ctrl_c() -> None:
    command = [sys.executable, "-m", "flows.cli", "simulate-camera", "--fault", "dark"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "80"}
    ) as process:
        assert process.stdout
        says = {}
        while "Stop" not in says:
            name, _, text = process.stdout.readline().partition(":")
            says[name] = text.strip()
        data = agent_of(says["Camera"]).capture(20).data
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert judge_picture(data) == "dark"
    assert says["agent.toml"] == f'camera_url = "{says["Camera"]}"'
    assert all(fault in says["Faults"] for fault in FAULTS)


def test_the_command_knows_every_fault() -> None:
    from typing import get_args, get_type_hints

    from flows.commands.simulation import simulate_camera

    assert set(get_args(get_args(get_type_hints(simulate_camera)["fault"])[0])) == set(get_args(Fault))
