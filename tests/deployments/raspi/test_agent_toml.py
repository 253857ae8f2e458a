import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.raspi import agent_toml
from raspi_agent.settings import all_settings, load_settings

RASPI = Path(agent_toml.__file__).parent
EXAMPLE = (RASPI / "agent.example.toml").read_text(encoding="utf-8")
SETTINGS = dict(all_settings())


def as_dictionary(names: str) -> dict[str, object]:
    """Every setting of a settings text by its name, `light.url` for `url` in `[light]`."""
    found: dict[str, object] = {}
    for name, value in tomllib.loads(names).items():
        if isinstance(value, dict):
            found |= {f"{name}.{each}": value[each] for each in value}
        else:
            found[name] = value
    return found


def uncommented(text: str) -> str:
    return re.sub(r"^# ([a-z0-9_]+ = )", r"\1", text, flags=re.MULTILINE)


def test_the_example_loads(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(EXAMPLE, encoding="utf-8")
    settings = load_settings(tmp_path)
    assert (settings.camera, settings.camera_url, settings.light.url) == ("cellar", "picamera2:", "")


def test_the_example_names_every_setting_with_its_default() -> None:
    named = as_dictionary(uncommented(EXAMPLE))
    assert set(named) == set(SETTINGS)
    live = set(as_dictionary(EXAMPLE))
    assert live == {"camera", "camera_url", "store_url", "timezone"}
    for name in set(named) - live - {"picamera2.lens_dioptres"}:
        default = SETTINGS[name].default
        expected = list(default) if isinstance(default, tuple) else default
        assert named[name] == (str(expected) if isinstance(expected, Path) else expected), name


def test_filled_with_a_lamp_it_loads_and_keeps_its_explanations(tmp_path: Path) -> None:
    filled = agent_toml.fill(
        EXAMPLE, {"camera": "attic", "light.url": "gpio:17", "timezone": "Europe/Berlin"}
    )
    (tmp_path / "agent.toml").write_text(filled, encoding="utf-8")
    settings = load_settings(tmp_path)
    assert (settings.camera, settings.light.url, settings.timezone) == ("attic", "gpio:17", "Europe/Berlin")
    assert len(filled.splitlines()) == len(EXAMPLE.splitlines())


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f")))
def test_whatever_is_filled_in_is_read_back(value: str) -> None:
    filled = agent_toml.fill(EXAMPLE, {"store_url": value, "light.off_url": value})
    assert agent_toml.get(filled, "store_url", "") == value
    assert agent_toml.get(filled, "light.off_url", "") == value


@pytest.mark.parametrize(
    ("name", "found"),
    [("camera", "cellar"), ("light.url", "absent"), ("nothing.there", "absent"), ("light", "absent")],
)
def test_a_setting_or_its_default(name: str, found: str) -> None:
    assert agent_toml.get(EXAMPLE, name, "absent") == found


def test_a_setting_that_the_example_lacks_is_refused() -> None:
    with pytest.raises(KeyError, match=r"light\.colour"):
        agent_toml.fill(EXAMPLE, {"light.colour": "red"})


def test_it_runs_on_the_standard_library_alone() -> None:
    command = [sys.executable, "-I", "-S", str(RASPI / "agent_toml.py"), "get"]
    answer = subprocess.run(
        [*command, str(RASPI / "agent.example.toml"), "camera", ""],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stdout) == (0, "cellar\n")
    broken = subprocess.run([*command, __file__, "camera", ""], capture_output=True, text=True, check=False)
    assert broken.returncode == 2
    assert len(broken.stderr.splitlines()) == 1
