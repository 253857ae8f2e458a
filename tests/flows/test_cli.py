"""The command as people use it: its exit codes, and one sentence with a remedy for each mistake."""

import json
import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Literal

import pytest

from flows.query import print_query
from flows.told import print_events
from tasks.fetch import prepare_warehouse
from tasks.settings import SettingsError, load_settings
from warehouse.connection import open_warehouse
from warehouse.errors import QueryFailed
from warehouse.events import Event, add_event

FORMS: tuple[Literal["table", "csv", "json"], ...] = ("table", "csv", "json")


def smartmeter(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["import", ".", "--meter", "garage"], "[meters.garage]"),
        (["import", "nowhere", "--meter", "home"], "nowhere is no folder"),
        (["import", ".", "--meter", "home", "--labels", "nowhere.csv"], "nowhere.csv is no file"),
        (["ingest", "--meter", "garage"], "configured: home"),
        (["read", "picture.jpg", "--model", "/nowhere"], "There is no reader '/nowhere'"),
        (["read", "picture.jpg", "--meter", "garage"], "configured: home"),
        (["evaluate", "semicolons"], "with commas"),
        (["sql", "select 1"], "smartmeter report"),
        (["read", "picture.jpg", "--window", "--meter", "home"], "--window"),
        (["evaluate", ".", "--window"], "labels.csv is missing"),
        (["report", "--export", "--help"], "--help looks like an option"),
        (["report", "--export", "/dev/null"], "/dev/null can't be the folder: File exists"),
        (["report", "--export", "/dev/null/files"], "Not a directory. Name another one"),
        (["init"], "exists already"),
        (["demo", "--days", "0"], "greater than or equal to 1"),
        (["demo", "--home", "."], "nothing was touched"),
        (["reread", "--from", "2026-11-02", "--to", "2026-11-01"], "--from lies after --to"),
        (["backup", "--keep-days", "inf"], "--keep-days"),
        (["watch", "--silence", "silent:cellar", "--days", "1e9"], "--days"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_use_is_refused_with_a_remedy(home: Path, arguments: list[str], says: str) -> None:
    (home / "semicolons").mkdir()
    (home / "semicolons" / "labels.csv").write_text("file;reading\n")
    answer = smartmeter(*(home / each if each == "semicolons" else each for each in arguments))
    assert answer.returncode == 2
    assert says in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("value", "refused_by"),
    [
        ("[1, 2]", {"csv"}),
        ("{'a': 1}", {"csv"}),
        ("'a'::blob", {"csv", "json"}),
        ("interval '1 month'", {"table", "csv", "json"}),
    ],
)
def test_what_a_form_cannot_hold_is_refused_with_the_remedy(
    home: Path, value: str, refused_by: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    copy = home / "copy.duckdb"
    open_warehouse(copy).close()
    for form in FORMS:
        if form in refused_by:
            with pytest.raises((SettingsError, QueryFailed), match="::varchar"):
                print_query(copy, f"select {value} as found", form)
        else:
            print_query(copy, f"select {value} as found", form)
            assert "found" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (
            "('infinity'::timestamptz), (null), ('2026-03-01 12:00Z')",
            ["infinity", "2026-03-01 12:00:00+00:00"],
        ),
        ("('-infinity'::timestamp), ('2026-03-01')", ["-infinity", "2026-03-01 00:00:00"]),
        ("('infinity'::date), (null)", ["infinity"]),
        ("('9999-12-31 23:59:59.999999'::timestamp), (null)", ["9999-12-31"]),
        ("('2026-03-01'::timestamp_ns)", ["2026-03-01"]),
    ],
)
def test_times_without_an_end_are_shown(
    home: Path, values: str, shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    copy = home / "copy.duckdb"
    open_warehouse(copy).close()
    for form in FORMS:
        print_query(copy, f"from (values {values}) t(until)", form)
        said = capsys.readouterr().out
        assert all(each in said for each in shown)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize(("owner", "is_warned"), [(65534, True), (0, False)])
def test_root_in_another_users_home_is_told_how_to_run_it(home: Path, owner: int, is_warned: bool) -> None:
    os.chown(home, owner, owner)
    answer = smartmeter("sql", "select 1")
    assert answer.returncode == 2
    assert (f"sudo -u '#{owner}' env SMARTMETER_HOME={home} " in answer.stderr) == is_warned


def test_settings_without_a_meter_say_where_to_begin(home: Path) -> None:
    (home / "smartmeter.toml").unlink()
    answer = smartmeter("ingest")
    assert answer.returncode == 2
    assert "smartmeter init" in answer.stderr


def test_init_writes_settings_that_work(home: Path) -> None:
    (home / "smartmeter.toml").unlink()
    assert smartmeter("init").returncode == 0
    assert smartmeter("sql", "select 1").returncode == 2  # the settings are good; nothing is published yet


def test_the_command_that_init_names_can_be_pasted(tmp_path: Path) -> None:
    folder = tmp_path / "the meter's home"
    answer = smartmeter("init", "--home", folder)
    assert shlex.split(answer.stdout.partition("then: ")[2]) == [
        "smartmeter",
        "ingest",
        "--home",
        str(folder),
    ]


@pytest.mark.parametrize("command", ["init", "ingest", "up", "doctor"])
def test_a_file_is_no_home_folder(tmp_path: Path, command: str) -> None:
    path = tmp_path / "picture.jpg"
    path.touch()
    answer = smartmeter(command, "--home", path)
    assert answer.returncode == 2
    assert f"{path} is no folder. Name the home folder with --home." in answer.stderr


def test_what_the_system_refuses_is_told_with_the_path_and_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "file" / "home"
    path.parent.touch()
    answer = smartmeter("init", "--home", path)
    assert answer.returncode == 1
    assert answer.stderr.strip() == f"{path}: Not a directory. Mend that path, or name another one."


def test_what_is_no_picture_is_a_line_with_a_reason(home: Path) -> None:
    (home / "empty.jpg").touch()
    (home / "hello.jpg").write_text("hello")
    names = ["empty.jpg", "hello.jpg", "missing.jpg"]
    answer = smartmeter("read", "--window", "--json", *(home / name for name in names))
    assert answer.returncode == 1
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [line["reading"] for line in lines] == [None, None, None]
    for line, reason in zip(lines, ["empty", "not_a_picture", "No such file"], strict=True):
        assert reason in line["reason"]


@pytest.mark.parametrize("error", ["ZeroDivisionError", "BaseException"])
def test_what_nobody_foresaw_is_the_last_thing_said(error: str) -> None:
    code = f"""
        import atexit, sys
        from flows.cli import app, main

        @app.command()
        def fail():
            raise {error}("unforeseen")

        atexit.register(sys.stderr.write, "leaked")
        sys.argv = ["smartmeter", "fail"]
        main()
    """
    answer = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1] == f"{error}: unforeseen"


@pytest.mark.parametrize("words", ["alt [/neu] x", "[red]x", "a :warning: b"])
def test_brackets_and_colons_are_shown_as_they_are_written(
    home: Path, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings()
    prepare_warehouse.fn(settings)
    with open_warehouse(settings.warehouse) as warehouse:
        event = Event("home/1-0:1.8.0", "note", datetime(2026, 11, 1, tzinfo=UTC), note=words)
        add_event(warehouse, event)
    print_events(settings, undone=False)
    print_query(settings.warehouse, f"select '{words}' as said", "table")
    print_query(settings.warehouse, f"select '{words}' as said, repeat('x', 300) as long", "table")
    picture = home / f"{words.replace('/', '')}.jpg"
    picture.touch()
    assert smartmeter("read", picture).stdout.startswith(f"{picture.name}: -")
    assert capsys.readouterr().out.count(words) == 3
