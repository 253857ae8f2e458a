import os
import threading
from pathlib import Path

import pytest

from flows.home_locks import Up, my_start, only_one, running_up
from flows.prefect_api import BackendError

ADDRESS = "http://127.0.0.1:4201/api"


def test_a_home_has_one_up_at_a_time(tmp_path: Path) -> None:
    again = pytest.raises(BackendError, match=f"process {os.getpid()}")
    with only_one(tmp_path, ADDRESS), again, only_one(tmp_path, ADDRESS):
        pass
    with only_one(tmp_path, ADDRESS):
        pass


def test_up_says_who_and_where_it_is_as_long_as_it_runs(tmp_path: Path) -> None:
    assert running_up(tmp_path) is None
    with only_one(tmp_path, ADDRESS):
        assert running_up(tmp_path) == Up(str(os.getpid()), ADDRESS)
    assert running_up(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "expected"), [("", Up("unknown", None)), ("12\n", Up("12", None)), ("1\na\n", Up("1", "a"))]
)
def test_an_up_that_says_less_runs_all_the_same(tmp_path: Path, text: str, expected: Up) -> None:
    with only_one(tmp_path, ADDRESS):
        (tmp_path / "up.lock").write_text(text)
        assert running_up(tmp_path) == expected


def test_who_looks_is_in_nobodys_way(tmp_path: Path) -> None:
    with only_one(tmp_path, ADDRESS):
        pass
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            running_up(tmp_path)

    looking = threading.Thread(target=look)
    looking.start()
    for _ in range(50):
        with only_one(tmp_path, ADDRESS):
            pass
    ended.set()
    looking.join()


def test_servers_start_one_after_the_other(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with my_start(tmp_path):
            order.append("second")

    waiting = threading.Thread(target=second)
    with my_start(tmp_path):
        waiting.start()
        waiting.join(timeout=0.3)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]


def test_a_start_that_does_not_get_on_is_named_and_not_waited_for_without_end(tmp_path: Path) -> None:
    told = pytest.raises(BackendError, match=r"Another command .*`fuser \S+prefect-start\.lock")
    with my_start(tmp_path), told, my_start(tmp_path, patience_s=0.2):
        pass
    with my_start(tmp_path, patience_s=0):
        pass
