import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from raspi_agent import durable


@pytest.fixture(params=["hard links", "no hard links"])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "no hard links":

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, "as on FAT")

        monkeypatch.setattr(os, "link", refuse)
    return str(request.param)


@pytest.mark.usefixtures("file_system")
def test_a_move_takes_the_file_along(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"new")
    assert durable.move_without_replacing(tmp_path / "a", tmp_path / "b")
    assert [p.name for p in tmp_path.iterdir()] == ["b"]
    assert (tmp_path / "b").read_bytes() == b"new"


@pytest.mark.usefixtures("file_system")
def test_a_move_never_replaces(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "b").write_bytes(b"old")
    assert not durable.move_without_replacing(tmp_path / "a", tmp_path / "b")
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"new", b"old")


@pytest.mark.usefixtures("file_system")
def test_a_move_of_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        durable.move_without_replacing(tmp_path / "a", tmp_path / "b")


def test_a_new_file_never_replaces_and_a_replacement_does(tmp_path: Path) -> None:
    durable.write_new(tmp_path / "a", b"1")
    with pytest.raises(FileExistsError):
        durable.write_new(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"1"
    durable.replace(tmp_path / "a", b"3")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"3")]


def test_what_does_not_fit_leaves_nothing_behind(
    tmp_path: Path, with_no_space: Callable[[int, Callable[[], None]], None]
) -> None:
    def write_too_much() -> None:
        with pytest.raises(OSError, match="too large"):
            durable.write_new(tmp_path / "a", b"x" * 101)

    with_no_space(100, write_too_much)
    assert list(tmp_path.iterdir()) == []


def test_folders_are_made_with_their_parents_and_kept(tmp_path: Path) -> None:
    for _ in range(2):
        durable.make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
