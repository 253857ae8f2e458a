"""Which camera a URL means."""

from pathlib import Path
from typing import TYPE_CHECKING

from raspi_agent.cameras.camera import Camera
from raspi_agent.earlier_outboxes import earlier_outboxes
from raspi_agent.users_folder import users_folder

if TYPE_CHECKING:
    from raspi_agent.settings import AgentSettings

KINDS = "picamera2:, http://CAMERA/capture, v4l2:/dev/video0 or folder:/srv/ftp/meter"
PASSWORD_FILE = Path("secrets", "camera-password")  # in the home folder
_SEEN_NAME = "folder-camera"  # in the outbox


def open_camera(settings: "AgentSettings", home: Path) -> Camera:
    """The camera that the settings name; nothing is asked of it yet.

    Args:
        settings: `camera_url` is one of

            - `picamera2:`, or `picamera2:1` for the second of two;
            - `http://` or `https://`, the address of a single picture;
            - `v4l2:` and a webcam's device;
            - `folder:` and a path as it is, a relative one within the home folder.
        home: the home folder.

    Raises:
        ValueError: there is no camera of that kind; the message lists them.
    """
    kind, _, place = settings.camera_url.strip().partition(":")
    names_host = place.startswith("//") and not place.startswith("///")
    match kind.lower():
        case "http" | "https":
            return _open_http(settings, home)
        case "picamera2" if not place or place.isdecimal():
            from raspi_agent.cameras.picamera import open_picamera  # noqa: PLC0415 - each only when it is used

            return open_picamera(
                settings.picamera2,
                home,
                index=int(place or 0),
                interval_minutes=settings.interval_minutes,
            )
        case "v4l2" if place.startswith("/") and not names_host:
            return _open_v4l2(settings, Path(place))
        case "folder" if place and not names_host:
            return _open_folder(settings, home, Path(place))
    # an address may hold a password
    shown = f"{kind}://..." if names_host else settings.camera_url
    message = f"camera_url = {shown!r} is no camera: use {KINDS}"
    raise ValueError(message)


def _open_http(settings: "AgentSettings", home: Path) -> Camera:
    from raspi_agent.cameras.http import HttpCamera  # noqa: PLC0415 - likewise

    return HttpCamera(
        settings.camera_url,
        home / PASSWORD_FILE,
        user=settings.http.user,
        discard=settings.http.discard,
        largest_bytes=settings.http.largest_mb * 1_000_000,
        frozen_after=settings.http.frozen_after,
    )


def _open_folder(settings: "AgentSettings", home: Path, folder: Path) -> Camera:
    from raspi_agent.cameras.folder import FolderCamera  # noqa: PLC0415 - likewise

    return FolderCamera(
        home / users_folder(folder),
        home / settings.outbox / _SEEN_NAME,
        earlier_seen_files=[each / _SEEN_NAME for each in earlier_outboxes(home, settings.outbox)],
    )


def _open_v4l2(settings: "AgentSettings", device: Path) -> Camera:
    from raspi_agent.cameras.v4l2 import V4l2Camera  # noqa: PLC0415 - likewise

    return V4l2Camera(
        device,
        width=settings.v4l2.width,
        height=settings.v4l2.height,
        settle_frames=settings.v4l2.settle_frames,
    )
