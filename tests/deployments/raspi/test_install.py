"""The installer, shown (`--dry-run`) and for real below another root, where it starts nothing."""

import os
import pty
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from raspi_agent.settings import load_settings

RASPI = Path(__file__).parents[3] / "deployments" / "raspi"
CAMERA = ("--camera", "cellar", "--camera-url", "folder:/srv/camera")
PARTS = ("--no-apt", "--no-pip")
LINKS = "etc/systemd/system/multi-user.target.wants"

pytestmark = pytest.mark.skipif(
    any(shutil.which(each) is None for each in ("bash", "systemctl", "systemd-sysusers")),
    reason="the installer needs bash and systemd (apt-get install systemd)",
)


def run(script: str, *options: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", str(RASPI / script), *options],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], **variables},
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    if os.geteuid() != 0:
        pytest.skip("only root may make a user, below another root too")
    folder = tmp_path / "root"
    (folder / "etc").mkdir(parents=True)
    return folder


def below(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file with its permissions and content, links with where they lead."""
    return {
        str(path.relative_to(root)): (
            stat.S_IMODE(path.lstat().st_mode),
            bytes(path.readlink()) if path.is_symlink() else path.read_bytes(),
        )
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize(
    ("options", "packages", "not_there"),
    [
        (("--camera-url", "picamera2:"), ["python3-picamera2"], ["uhubctl", "v4l-utils", "gpiozero"]),
        (("--camera-url", "v4l2:/dev/video0"), ["v4l-utils"], ["picamera2", "uhubctl"]),
        (
            ("--camera-url", "http://cam/capture", "--light-url", "gpio:17"),
            ["python3-gpiozero python3-lgpio"],
            ["picamera2 ", "v4l-utils"],
        ),
        (("--camera-url", "folder:/srv/camera", "--light-url", "usb:1-1:2"), ["uhubctl"], ["v4l-utils"]),
    ],
)
def test_shown_only_it_names_the_packages_that_camera_and_lamp_need(
    options: tuple[str, ...], packages: list[str], not_there: list[str]
) -> None:
    answer = run("install.sh", "--dry-run", "--camera", "cellar", *options)
    assert answer.returncode == 0, answer.stderr
    apt = next(line for line in answer.stdout.splitlines() if "apt-get install" in line)
    assert "--no-install-recommends" in apt
    assert all(each in apt for each in packages)
    assert not any(each in apt for each in not_there)
    assert not Path("/opt/smartmeter").exists()


def test_shown_only_prefect_is_its_own_extra_and_its_password_stays_unsaid() -> None:
    options = ("--dry-run", *CAMERA, "--prefect-url", "http://server:4200/api")
    answer = run("install.sh", *options, PREFECT_API_AUTH_STRING="me:geheim")
    assert "agent-prefect" in answer.stdout
    assert "enable smartmeter-capture.service" in answer.stdout
    assert "geheim" not in answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "give --camera NAME and --camera-url URL"),
        (("--camera",), "--camera needs a value"),
        (("--colour", "red"), "there is no option --colour"),
        ((*CAMERA[:2], "--camera-url", "rtsp://cam"), "'rtsp://cam' is no camera"),
        (("--camera", "My Cellar", *CAMERA[2:]), "'My Cellar' is no name for a camera"),
        ((*CAMERA, "--store-url", "ftp://x"), "'ftp://x' is no store"),
        ((*CAMERA, "--light-url", "candle"), "'candle' is no lamp"),
        ((*CAMERA[:2], "--camera-url", "folder:/home/pi/x"), "can't look into /home"),
        ((*CAMERA, "--with-prefect"), "--with-prefect needs --prefect-url"),
    ],
)
def test_wrong_use_is_one_sentence_and_changes_nothing(
    tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    answer = run("install.sh", "--root", str(tmp_path), *options)
    assert answer.returncode == 2
    assert sentence in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_help_fits_a_terminal() -> None:
    for script in ("install.sh", "uninstall.sh"):
        shown = run(script, "--help").stdout
        assert "--dry-run" in shown
        assert max(map(len, shown.splitlines())) <= 80


def test_installed_twice_is_installed_once_then_removed(root: Path) -> None:
    options = ("--root", str(root), *PARTS, *CAMERA, "--store-url", "file:/srv/store")
    answer = run("install.sh", *options, "--prefect-url", "http://s/api", PREFECT_API_AUTH_STRING="me:geheim")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "geheim" not in answer.stdout + answer.stderr
    home = root / "var/lib/smartmeter"
    settings = load_settings(home)
    assert (settings.camera, settings.camera_url, settings.store_url) == (
        "cellar",
        "folder:/srv/camera",
        "file:/srv/store",
    )
    modes = {path: stat.S_IMODE((root / path).stat().st_mode) for path in PERMISSIONS}
    assert modes == PERMISSIONS
    assert home.stat().st_uid == (root / "srv/store").stat().st_uid != 0
    assert (root / LINKS / "smartmeter-agent.service").is_symlink()
    assert (root / LINKS / "smartmeter-capture.service").is_symlink()
    drop_in = root / "etc/systemd/system/smartmeter-agent.service.d/folders.conf"
    assert 'ReadWritePaths="-/srv/store"' in drop_in.read_text()

    before = below(root)
    (home / "outbox/new").mkdir(parents=True)
    (home / "outbox/new/picture.jpg").write_bytes(b"not sent")
    assert run("install.sh", "--root", str(root), *PARTS).returncode == 0
    assert {**before, "var/lib/smartmeter/outbox/new/picture.jpg": (0o644, b"not sent")} == below(root)

    refused = run("uninstall.sh", "--root", str(root))
    assert (refused.returncode, "it asks before" in refused.stderr) == (2, True)
    removed = run("uninstall.sh", "--root", str(root), "--yes")
    assert removed.returncode == 0, removed.stderr
    assert "1 pictures in it wait to be sent" in removed.stdout
    assert [name for name in below(root) if "systemd/" in name or name.startswith(("opt", "usr"))] == []
    assert (home / "outbox/new/picture.jpg").read_bytes() == b"not sent"
    assert run("uninstall.sh", "--root", str(root), "--yes", "--purge").returncode == 0
    assert not home.exists()


@pytest.mark.parametrize("url", ["file:/mnt/share", "file:/mnt/share/pictures", "file:/media/usb/pictures"])
def test_no_folder_is_made_where_a_share_will_be_mounted(root: Path, url: str) -> None:
    answer = run("install.sh", "--root", str(root), *PARTS, *CAMERA, "--store-url", url)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "mount the share" in answer.stdout
    assert not (root / url.removeprefix("file:/")).exists()
    assert (root / "srv/camera").is_dir()


@pytest.mark.parametrize(("outbox", "is_made"), [("/srv/outbox", True), ("/mnt/stick/outbox", False)])
def test_the_agent_may_write_into_an_outbox_elsewhere(root: Path, outbox: str, *, is_made: bool) -> None:
    home = root / "var/lib/smartmeter"
    home.mkdir(parents=True)
    (home / "agent.toml").write_text(
        f'camera = "cellar"\ncamera_url = "v4l2:/dev/video0"\noutbox = "{outbox}"\n'
    )
    answer = run("install.sh", "--root", str(root), *PARTS)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    drop_in = root / "etc/systemd/system/smartmeter-agent.service.d/folders.conf"
    assert f'ReadWritePaths="-{outbox}"' in drop_in.read_text()
    assert (root / outbox[1:]).is_dir() is is_made


PERMISSIONS = {
    "var/lib/smartmeter": 0o750,
    "var/lib/smartmeter/agent.toml": 0o640,
    "var/lib/smartmeter/secrets": 0o700,
    "etc/smartmeter/capture.env": 0o600,
    "usr/local/bin/smartmeter-agent": 0o755,
    "opt/smartmeter/src": 0o755,
}


def test_without_options_it_asks(root: Path) -> None:
    ours, its = pty.openpty()
    os.write(ours, b"attic\nfolder:/srv/camera\n\nnone\nyes\n")
    command = ["bash", str(RASPI / "install.sh"), "--root", str(root), "--no-pip"]
    answer = subprocess.run(command, stdin=its, capture_output=True, text=True, check=False)
    os.close(its)
    os.close(ours)
    assert answer.returncode == 0, answer.stderr
    settings = load_settings(root / "var/lib/smartmeter")
    assert (settings.camera, settings.store_url, settings.light.url) == ("attic", "dropbox:/", "")
    assert "link-dropbox" in answer.stdout
    watchdog = root / "etc/systemd/system.conf.d/90-smartmeter-watchdog.conf"
    assert "RuntimeWatchdogSec=14" in watchdog.read_text()


def test_settings_that_are_there_are_kept_and_say_what_is_installed(root: Path) -> None:
    home = root / "var/lib/smartmeter"
    home.mkdir(parents=True)
    text = 'camera = "attic"\ncamera_url = "v4l2:/dev/video0"\n[light]\nurl = "usb:1-1:2"\n'
    (home / "agent.toml").write_text(text)
    answer = run("install.sh", "--root", str(root), *PARTS, *CAMERA)
    assert answer.returncode == 0, answer.stderr
    assert "is kept as it is" in answer.stdout
    assert (home / "agent.toml").read_text() == text
    assert (root / "etc/udev/rules.d/60-smartmeter-usb.rules").is_file()
    assert not (root / LINKS / "smartmeter-capture.service").exists()


OFF = "etc/smartmeter/capture.env.off"
AT_HOME, AT_AUNT = "http://home/api", "http://aunt/api"


@pytest.mark.parametrize(
    ("later", "address"),
    [
        ([("--no-prefect",), ()], ""),
        ([("--no-prefect",), ("--with-prefect",), ()], AT_HOME),
        ([("--no-prefect",), ("--prefect-url", AT_AUNT), ("--no-prefect",), ("--with-prefect",)], AT_AUNT),
    ],
)
def test_what_was_chosen_about_prefect_lasts_until_it_is_chosen_anew(
    root: Path, later: list[tuple[str, ...]], address: str
) -> None:
    options = ("--root", str(root), *PARTS, *CAMERA)
    for more in (("--prefect-url", AT_HOME), *later):
        answer = run("install.sh", *options, *more, PREFECT_API_AUTH_STRING="me:geheim")
        assert answer.returncode == 0, answer.stderr
    there, kept = root / "etc/smartmeter/capture.env", root / OFF
    assert (root / LINKS / "smartmeter-capture.service").is_symlink() is bool(address)
    assert ("'agent-prefect'" in answer.stdout) is bool(address)
    assert (there.exists(), kept.exists()) == (bool(address), not address)
    used = there if address else kept
    assert f"PREFECT_API_URL={address or AT_HOME}\n" in used.read_text()
    assert stat.S_IMODE(used.stat().st_mode) == 0o600


def test_all_can_go_before_a_picture_was_taken(root: Path) -> None:
    assert run("install.sh", "--root", str(root), *PARTS, *CAMERA).returncode == 0
    removed = run("uninstall.sh", "--root", str(root), "--yes", "--purge")
    assert removed.returncode == 0, removed.stderr
    accounts = ("passwd", "group", "shadow", "gshadow", ".pwd.lock")
    assert [
        name for name in below(root) if not name.startswith(tuple(f"etc/{each}" for each in accounts))
    ] == []


def test_an_environment_with_a_numpy_of_its_own_is_refused(root: Path) -> None:
    (root / "opt/smartmeter/venv/lib/python3.11/site-packages/numpy").mkdir(parents=True)
    answer = run("install.sh", "--root", str(root), *CAMERA)
    assert answer.returncode == 1
    assert "numpy of its own" in answer.stderr
    assert not (root / "opt/smartmeter/src").exists()


def test_shellcheck_finds_nothing() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not here (apt-get install shellcheck)")
    scripts = [str(path) for path in sorted(RASPI.glob("*.sh"))]
    answer = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, check=False)
    assert answer.stdout == ""
