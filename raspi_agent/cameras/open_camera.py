"""Which camera a URL means."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from raspi_agent.cameras.camera import Camera
from raspi_agent.cameras.folder import FolderCamera

if TYPE_CHECKING:
    from raspi_agent.settings import AgentSettings


def open_camera(settings: "AgentSettings", home: Path) -> Camera:
    """The camera that the settings name; nothing is asked of it yet.

    Args:
        settings: `camera_url` is `folder:` and a path, a relative one within the home folder.
        home: the home folder.

    Raises:
        ValueError: there is no camera of that kind.
    """
    url = settings.camera_url
    parts = urlsplit(url)
    if parts.scheme != "folder" or parts.netloc or not parts.path:
        message = f"{url!r} is no camera: use folder:PATH, for example folder:/srv/ftp/meter"
        raise ValueError(message)
    return FolderCamera(home / Path(parts.path).expanduser(), home / settings.outbox / "folder-camera")
