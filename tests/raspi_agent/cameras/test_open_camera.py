import subprocess
import sys
from pathlib import Path

import pytest

from raspi_agent.cameras.folder import FolderCamera
from raspi_agent.cameras.http import HttpCamera
from raspi_agent.cameras.isolated import IsolatedCamera
from raspi_agent.cameras.open_camera import open_camera
from raspi_agent.cameras.v4l2 import V4l2Camera
from raspi_agent.settings import AgentSettings


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("picamera2:", IsolatedCamera),
        ("picamera2:1", IsolatedCamera),
        ("http://192.168.1.20/capture", HttpCamera),
        ("https://camera.local:8443/img_tmp/raw.jpg", HttpCamera),
        ("v4l2:/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920-video-index0", V4l2Camera),
        ("folder:/srv/ftp/meter", FolderCamera),
        ("folder:inbox", FolderCamera),
    ],
)
def test_every_kind_of_camera(tmp_path: Path, url: str, kind: type) -> None:
    camera = open_camera(AgentSettings(camera="cellar", camera_url=url), tmp_path)
    assert type(camera) is kind
    camera.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("folder:/srv/ftp/meter", "/srv/ftp/meter"),
        ("folder:///srv/ftp/meter", "/srv/ftp/meter"),
        ("folder:pics#1", "HOME/pics#1"),
        ("folder:/srv/who?/50%", "/srv/who?/50%"),
        ("FOLDER:pics", "HOME/pics"),
    ],
)
def test_a_folder_may_have_any_name(tmp_path: Path, url: str, folder: str) -> None:
    camera = open_camera(AgentSettings(camera="cellar", camera_url=url), tmp_path)
    assert isinstance(camera, FolderCamera)
    assert str(camera.folder) == folder.replace("HOME", str(tmp_path))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/dev/video0",
        "picamera:",
        "picamera2:one",
        "v4l2:video0",
        "folder:",
        "folder://host/x",
        "rtsp://a:pw@b/x",
    ],
)
def test_other_urls_are_refused_with_a_list_of_the_kinds(tmp_path: Path, url: str) -> None:
    with pytest.raises(
        ValueError, match=r"is no camera: use picamera2:, http://.*, v4l2:.* or folder:"
    ) as caught:
        open_camera(AgentSettings(camera="cellar", camera_url=url), tmp_path)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("interval_minutes", "keep_open", "held"),
    [
        (1, "auto", True),
        (4, "auto", True),
        (5, "auto", False),
        (15, "auto", False),
        (0, "auto", False),
        (15, "always", True),
        (1, "never", False),
    ],
)
def test_when_the_ribbon_s_camera_is_held_between_pictures(
    tmp_path: Path, interval_minutes: int, keep_open: str, held: bool
) -> None:
    settings = AgentSettings(
        camera="cellar",
        camera_url="picamera2:",
        interval_minutes=interval_minutes,
        daily_times=("23:59",),  # type: ignore[arg-type] # as it stands in agent.toml
        picamera2={"keep_open": keep_open},  # type: ignore[arg-type] # likewise
    )
    camera = open_camera(settings, tmp_path)
    assert isinstance(camera, IsolatedCamera)
    assert camera._keep_open is held


def test_cameras_are_the_standard_library_alone() -> None:
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "import raspi_agent.lamps.gpio, raspi_agent.lamps.http, raspi_agent.lamps.usb\n"
        "import raspi_agent.light, raspi_agent.picture_quality, raspi_agent.cameras.open_camera\n"
        "import raspi_agent.cameras.http, raspi_agent.cameras.isolated, raspi_agent.cameras.picamera\n"
        "import raspi_agent.cameras.picamera_worker, raspi_agent.cameras.v4l2\n"
        "ours = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(*sorted(name for name in ours if not name.startswith('_')))"
    )
    command = [sys.executable, "-S", "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert ended.stdout.split() == ["raspi_agent"]
