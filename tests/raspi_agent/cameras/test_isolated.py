import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from raspi_agent.cameras.camera import CameraError, CameraStuck
from raspi_agent.cameras.isolated import IsolatedCamera

ODD_CAMERA = Path(__file__).with_name("odd_camera.py")
PICTURE_BYTES = 2 + 11 + 200_000 + 2
ENOUGH_S = 20.0
PROMPT_S = 3.0  # under a second on a quiet machine

Make = Callable[..., IsolatedCamera]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes cameras that do something odd, and has them closed."""
    made: list[IsolatedCamera] = []

    def of(how: str, **options: object) -> IsolatedCamera:
        command = [sys.executable, str(ODD_CAMERA), how, str(tmp_path)]
        made.append(IsolatedCamera(command, **options))  # type: ignore[arg-type]
        return made[-1]

    yield of
    for camera in made:
        camera.close()


@pytest.fixture(autouse=True)
def ours_is_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))


def state_of(pid: int) -> str:
    """The kernel's letter: T is stopped, Z has ended and is waited for; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_alive(pid: int) -> bool:
    return state_of(pid) not in {"", "Z"}


def wait_until(condition: Callable[[], bool]) -> bool:
    give_up_at_s = time.monotonic() + 5
    while not condition() and time.monotonic() < give_up_at_s:
        time.sleep(0.01)
    return condition()


def wait_until_dead(pid: int) -> bool:
    return wait_until(lambda: not is_alive(pid))


def test_pictures_come_from_one_process_that_stays(make: Make) -> None:
    camera = make("well")
    first, second = camera.capture(ENOUGH_S), camera.capture(ENOUGH_S)
    assert len(first.data) == PICTURE_BYTES
    assert first.taken_at is not None
    assert first.taken_at.isoformat() == "2026-03-01T12:00:00+00:00"
    assert first.details["pid"] == second.details["pid"] != os.getpid()
    assert 0 < second.details["within_s"] < ENOUGH_S
    assert os.getsid(first.details["pid"]) == first.details["pid"]
    camera.close()
    camera.close()
    assert not is_alive(first.details["pid"])


def test_a_camera_can_be_let_go_between_pictures(make: Make) -> None:
    camera = make("well", keep_open=False)
    pids = [camera.capture(ENOUGH_S).details["pid"] for _ in range(2)]
    assert pids[0] != pids[1]
    assert not is_alive(pids[0])
    assert wait_until_dead(pids[1])


def test_a_camera_that_does_not_let_go_is_made_to(make: Make) -> None:
    camera = make("does not let go")
    pid = camera.capture(ENOUGH_S).details["pid"]
    started_s = time.monotonic()
    camera.close()
    assert time.monotonic() - started_s < 4
    assert not is_alive(pid)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("hangs, deaf", "has not answered in time, and was stopped"),
        ("stops", "has not answered in time, and was stopped"),
        ("aborts", "process ended by SIGABRT; it last said: vector::operator.*assertion failed"),
        ("exits", "process ended with status 3"),
        ("fails", "gives no picture: RuntimeError: camera frontend has timed out"),
        ("talks nonsense", "talks nonsense, and was stopped: no message begins with b'GIF89a"),
    ],
)
def test_a_camera_in_trouble_costs_one_picture(make: Make, how: str, message: str) -> None:
    camera = make(how)
    camera.capture(ENOUGH_S)
    started_s = time.monotonic()
    with pytest.raises(CameraError, match=message) as caught:
        camera.capture(0.5)
    assert not isinstance(caught.value, CameraStuck)
    assert time.monotonic() - started_s < PROMPT_S
    failed_s = time.monotonic()
    assert len(camera.capture(ENOUGH_S).data) == PICTURE_BYTES
    assert time.monotonic() - failed_s < PROMPT_S


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("does not open", "gives no picture: RuntimeError: no cameras available"),
        ("dies while opening", "process ended by SIGABRT"),
    ],
)
def test_a_camera_that_does_not_open_is_opened_again(make: Make, how: str, message: str) -> None:
    camera = make(how)
    with pytest.raises(CameraError, match=message):
        camera.capture(ENOUGH_S)
    assert len(camera.capture(ENOUGH_S).data) == PICTURE_BYTES


def test_what_the_process_has_started_ends_with_it(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    camera = make("hangs with a child")
    camera.capture(ENOUGH_S)
    with pytest.raises(CameraError, match="it last said: child"):
        camera.capture(0.5)
    child = next(message for message in caplog.messages if "child" in message)
    assert wait_until_dead(int(child.split()[-1]))


def test_an_opening_may_take_longer_than_a_picture(make: Make) -> None:
    camera = make("opens slowly", open_timeout_s=ENOUGH_S)
    with pytest.raises(CameraError, match="still being opened"):
        camera.capture(0.3)
    assert camera.capture(ENOUGH_S).details["within_s"] > 1


def test_an_opening_that_leaves_no_time_costs_the_picture_and_not_the_camera(make: Make) -> None:
    camera = make("opens slowly")
    with pytest.raises(CameraError, match=r"only just been opened|still being opened"):  # the machine's speed
        camera.capture(1.0)
    camera.capture(ENOUGH_S)


def test_an_opening_has_an_end(make: Make) -> None:
    with pytest.raises(CameraError, match="has not answered in time, and was stopped"):
        make("opens slowly", open_timeout_s=0.3).capture(ENOUGH_S)


def test_a_camera_that_fails_again_and_again_is_left_alone_for_a_while() -> None:
    camera = IsolatedCamera([sys.executable, "-S", "-c", ""])
    for _ in range(2):
        with pytest.raises(CameraError, match="process ended with status 0"):
            camera.capture(ENOUGH_S)
    with pytest.raises(CameraError, match="failed 2 times; it is started anew in 2 s"):
        camera.capture(ENOUGH_S)
    time.sleep(2)
    with pytest.raises(CameraError, match="process ended with status 0"):
        camera.capture(ENOUGH_S)
    with pytest.raises(CameraError, match="failed 3 times; it is started anew in 4 s"):
        camera.capture(ENOUGH_S)


def test_a_missing_program_is_told() -> None:
    camera = IsolatedCamera(["/nowhere/python"])
    with pytest.raises(CameraError, match=r"cannot be started: .*No such file"):
        camera.capture(1)
    camera.close()


def test_a_process_that_hangs_in_the_kernel_is_stuck_until_it_ends(make: Make) -> None:
    in_the_kernel = True

    def reap(process: subprocess.Popen[bytes], timeout_s: float) -> None:
        if in_the_kernel:
            raise subprocess.TimeoutExpired(process.args, timeout_s)
        process.wait(timeout_s)

    camera = make("hangs", reap=reap)
    camera.capture(ENOUGH_S)
    for _ in range(2):
        with pytest.raises(CameraStuck, match=r"hangs in the kernel.*this machine has to be started anew"):
            camera.capture(0.5)
    camera.close()
    in_the_kernel = False
    assert len(camera.capture(ENOUGH_S).data) == PICTURE_BYTES


def test_a_chatty_process_does_not_fill_the_log(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    camera = make("chatters")
    left_out = "camera: more lines of this picture are left out"
    camera.capture(ENOUGH_S)
    assert wait_until(lambda: "camera: libcamera prints this to stdout" in caplog.messages)
    caplog.clear()
    camera.capture(ENOUGH_S)
    assert wait_until(lambda: left_out in caplog.messages)
    camera.close()
    lines = [message for message in caplog.messages if message.startswith("camera: ")]
    assert len(lines) == 101
    assert lines[-1] == left_out


@pytest.mark.parametrize("how", ["well", "stops"])
def test_the_process_ends_with_the_agent_and_not_with_its_thread(how: str, tmp_path: Path) -> None:
    program = f"""
import sys, threading, time
from raspi_agent.cameras.isolated import IsolatedCamera
camera = IsolatedCamera([sys.executable, {str(ODD_CAMERA)!r}, {how!r}, {str(tmp_path)!r}])
def capture():
    print(camera.capture(60).details["pid"], flush=True)
thread = threading.Thread(target=capture)
thread.start()
thread.join()
camera.capture(60)
print("well", flush=True)
camera.capture(600)
time.sleep(600)
"""
    agent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert agent.stdout
    pid = int(agent.stdout.readline())
    if how == "well":
        assert agent.stdout.readline() == "well\n"
    else:
        wait_until(lambda: state_of(pid) == "T")
    assert is_alive(pid)
    agent.send_signal(signal.SIGKILL)
    agent.wait()
    assert wait_until_dead(pid)
