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


def test_a_meter_that_is_not_in_the_file_is_refused(home: Path) -> None:
    settings = load_settings()
    (home / "smartmeter.toml").write_text("")
    with pytest.raises(SettingsError, match=r"\[meters.home\]"):
        write_window(settings, "home", window_from_box((10, 20, 110, 50)))
