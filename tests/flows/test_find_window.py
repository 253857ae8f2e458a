import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.finding import toml_corners, write_window
from models.rendering.meter import MeterFace, draw_frame, encode_jpeg
from models.window import window_from_box
from tasks.settings import SettingsError, load_settings

FACE = MeterFace(digits=7, decimals=1, seed=7)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "meter.jpg"
    path.write_bytes(encode_jpeg(draw_frame(FACE, 361097.0, seed=1)))
    return path


def test_read_finds_the_register_by_itself(picture: Path, home: Path) -> None:
    run = CliRunner().invoke(app, ["read", str(picture), "--json", "--home", str(home)])
    line = json.loads(run.stdout)
    assert (line["reading"], line["orientation"], line["reason"]) == ("0361097", "mirrored-0", None)
    assert len(line["window"]) == 4


def test_find_window_writes_what_read_then_uses(picture: Path, home: Path, tmp_path: Path) -> None:
    preview = tmp_path / "preview.png"
    arguments = ["find-window", str(picture), "--meter", "home", "--write", "--preview", str(preview)]
    run = CliRunner().invoke(app, [*arguments, "--home", str(home)])
    assert run.exit_code == 0, run.output
    assert "0361097" in run.stdout
    assert preview.read_bytes().startswith(b"\x89PNG")
    window = load_settings().meters["home"].window
    assert window is not None
    assert len(window) == 8
    run = CliRunner().invoke(app, ["read", str(picture), "--meter", "home", "--json", "--home", str(home)])
    assert json.loads(run.stdout)["reading"] == "0361097"


@pytest.mark.parametrize("command", ["read", "find-window"])
def test_a_meter_is_read_with_the_reader_of_the_settings_unless_told(
    picture: Path, home: Path, tmp_path: Path, command: str
) -> None:
    with (home / "smartmeter.toml").open("a") as file:
        file.write('\n[reader]\nmodel = "/nowhere"\n')
    preview = ["--preview", str(tmp_path / "p.png")] if command == "find-window" else []
    arguments = [command, str(picture), *preview, "--json", "--home", str(home)]
    run = CliRunner().invoke(app, [*arguments, "--meter", "home"])
    assert "There is no reader '/nowhere'" in str(run.exception)
    for told in (["--meter", "home", "--model", "builtin"], []):
        run = CliRunner().invoke(app, [*arguments, *told])
        assert "/nowhere" not in str(run.exception)
        assert "reading" in json.loads(run.stdout.splitlines()[0])


def test_a_picture_without_a_register_is_said_and_fails(home: Path, tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_text("<html></html>")
    arguments = ["find-window", str(tmp_path / "page.jpg"), "--preview", str(tmp_path / "p.png")]
    run = CliRunner().invoke(app, [*arguments, "--home", str(home)])
    assert run.exit_code == 1
    assert "not_a_picture" in run.stdout
    assert not (tmp_path / "p.png").exists()


def test_writing_a_window_keeps_comments_and_takes_the_turn_with_it(home: Path) -> None:
    path = home / "smartmeter.toml"
    path.write_text(
        "# my house\n[meters.home]  # in the cellar\ncamera = 'cellar'\ndigits = 7\n"
        "window = [1, 2, 30, 40]  # by hand\nmirror = 'vertical'\n\n[report]  # last\n"
    )
    window = window_from_box((10, 20, 110, 50), "vertical")
    write_window(load_settings(), "home", window)
    text = path.read_text()
    assert all(comment in text for comment in ("# my house", "# in the cellar", "# by hand", "# last"))
    meter = load_settings().meters["home"]
    assert (list(meter.window or ()), meter.mirror) == (toml_corners(window), "none")


HOME = "camera = 'cellar'\ndigits = 7\n"
BASIC = "[tariffs.basic]\nenergy_per_kwh = 0.3\n"


@pytest.mark.parametrize(
    "text",
    [
        f"[meters.home]\n{HOME}{BASIC}[meters.garage]\n{HOME}",
        f"[meters.garage]\n{HOME}{BASIC}[meters.home]\nmirror = 'vertical'\n{HOME}",
        "meters.home.camera = 'cellar'\nmeters.home.digits = 7\n",
        "[meters]\nhome.camera = 'cellar'\nhome.digits = 7\n",
        "[meters]\nhome = { camera = 'cellar', digits = 7 }\n",
        "meters = { home = { camera = 'cellar', digits = 7 } }\n",
        f"[[meters.home.registers]]\nobis_code = '1-0:2.8.0'\nwindow=[1,2,3,4]\n{BASIC}[meters.home]\n{HOME}",
        f"\ufeff[meters.home]\n{HOME}",
    ],
)
def test_a_window_is_written_however_the_meters_table_is(home: Path, text: str) -> None:
    settings = load_settings()
    (home / "smartmeter.toml").write_text(text)
    window = window_from_box((10, 20, 110, 50), "vertical")
    write_window(settings, "home", window)
    meters = load_settings().meters
    assert (list(meters["home"].window or ()), meters["home"].mirror) == (toml_corners(window), "none")
    assert all(each.window is None for name, each in meters.items() if name != "home")


def test_a_linked_file_stays_linked_and_keeps_its_mode(home: Path, tmp_path: Path) -> None:
    link, path = home / "smartmeter.toml", tmp_path / "kept" / "meter.toml"
    path.parent.mkdir()
    link.rename(path)
    link.symlink_to(path)
    path.chmod(0o640)
    write_window(load_settings(), "home", window_from_box((10, 20, 110, 50)))
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert load_settings().meters["home"].window is not None


def test_a_meter_that_is_not_in_the_file_is_refused(home: Path) -> None:
    settings = load_settings()
    (home / "smartmeter.toml").write_text("")
    with pytest.raises(SettingsError, match=r"\[meters.home\]"):
        write_window(settings, "home", window_from_box((10, 20, 110, 50)))
