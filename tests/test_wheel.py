"""What `pip install` makes of the project, away from its checkout."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("deployments", "flows", "models", "raspi_agent", "tasks", "warehouse")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages that has the project alone."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def files(folder: Path) -> Iterator[str]:
    for room in ROOMS:
        for path in (folder / room).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield str(path.relative_to(folder))


def test_every_file_of_the_rooms_comes_along(site: Path) -> None:
    assert sorted(files(site)) == sorted(files(ROOT))


def test_commands_have_prefects_settings_there_too(site: Path, tmp_path: Path) -> None:
    code = "import pathlib, flows.backend as b; print(b.__file__, b.prefect_environment(pathlib.Path()))"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.startswith(str(site))
    assert "'PREFECT_SERVER_EPHEMERAL_ENABLED': 'false'" in answer.stdout


def test_without_the_servers_packages_the_command_says_what_to_do(site: Path, tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-S", "-m", "flows", "--help"],  # -S: the standard library alone
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "`make setup`" in answer.stderr
    assert "Traceback" not in answer.stderr
