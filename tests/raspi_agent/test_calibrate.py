import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from raspi_agent.calibrate import PICTURE_NAME, calibrate
from raspi_agent.cameras.camera import CameraError
from raspi_agent.settings import AgentSettings


@pytest.fixture
def settings() -> AgentSettings:
    return AgentSettings(camera="cellar", camera_url="folder:pictures")


@pytest.fixture
def come_and_go(tmp_path: Path, photo: bytes) -> Callable[[float], None]:
    """Pauses of somebody who turns the lens: the camera gives a picture, then none, then one again."""
    picture = tmp_path / "pictures" / "a.jpg"
    picture.parent.mkdir()

    def come() -> None:
        picture.write_bytes(photo)
        os.utime(picture, (0, 0))

    def events() -> Iterator[None]:
        come()
        yield
        picture.unlink()
        yield
        come()
        yield
        raise KeyboardInterrupt

    then = events()
    return lambda _: next(then)


def test_who_turns_the_lens_is_shown_each_picture_and_told_where_there_was_none(
    tmp_path: Path,
    settings: AgentSettings,
    come_and_go: Callable[[float], None],
    photo: bytes,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(KeyboardInterrupt):
        calibrate(tmp_path, settings, watch=True, sweep=False, pause=come_and_go)
    lines = capsys.readouterr().out.splitlines()
    assert ["there is no new picture" in line for line in lines] == [True, False, True, False]
    assert all("focus" in line for line in lines[1::2])
    assert (tmp_path / PICTURE_NAME).read_bytes() == photo


def test_a_single_picture_that_fails_is_an_error(
    tmp_path: Path, settings: AgentSettings, come_and_go: Callable[[float], None]
) -> None:
    with pytest.raises(CameraError, match="there is no new picture"):
        calibrate(tmp_path, settings, watch=False, sweep=False)
    come_and_go(0)
    calibrate(tmp_path, settings, watch=False, sweep=False)
    assert (tmp_path / PICTURE_NAME).exists()
