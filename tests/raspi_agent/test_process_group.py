import os
import signal
import subprocess
import sys
import time

import pytest

from raspi_agent.process_group import ProcessStuck, end_group, run_within, start_group

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
WITH_DEAF_CHILD = f"""
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-S", "-c", {DEAF!r}]).pid, flush=True)
time.sleep(600)
"""


def python(program: str) -> list[str]:
    return [sys.executable, "-S", "-c", program]


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as status:  # noqa: PTH123
            return status.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_dead(pid: int) -> bool:
    give_up_at_s = time.monotonic() + 2
    while is_alive(pid) and time.monotonic() < give_up_at_s:
        time.sleep(0.01)
    return not is_alive(pid)


def test_a_program_ends_in_time_with_its_output() -> None:
    ended = run_within(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"), 20)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, b"out\n", b"err\n")


def test_a_missing_program_is_told() -> None:
    with pytest.raises(FileNotFoundError):
        run_within(["/nowhere/v4l2-ctl"], 1)


def test_a_program_gets_no_input_and_no_shell() -> None:
    program = "import sys; print(repr(sys.stdin.read()), sys.argv[1:])"
    ended = run_within([*python(program), "$(reboot)", "a b"], 20)
    assert ended.stdout == b"'' ['$(reboot)', 'a b']\n"


@pytest.mark.parametrize("program", ["import time; time.sleep(600)", DEAF])
def test_a_program_that_runs_on_is_ended(program: str) -> None:
    started_s = time.monotonic()
    with pytest.raises(TimeoutError, match="has not ended within 0 s"):
        run_within(python(program), 0.4)
    assert time.monotonic() - started_s < 2


def test_what_a_program_has_started_ends_with_it() -> None:
    process = start_group(python(WITH_DEAF_CHILD))
    assert process.stdout
    child = int(process.stdout.readline())
    process.stdout.readline()
    end_group(process)
    assert wait_until_dead(child)
    assert process.returncode in (-signal.SIGTERM, -signal.SIGKILL)


def test_a_stopped_program_ends() -> None:
    process = start_group(python("import time; time.sleep(600)"))
    os.kill(process.pid, signal.SIGSTOP)
    end_group(process)
    assert process.returncode in (-signal.SIGTERM, -signal.SIGKILL)


def test_a_program_that_hangs_in_the_kernel_is_told() -> None:
    def never(process: subprocess.Popen[bytes], timeout_s: float) -> None:
        assert timeout_s == 5
        raise subprocess.TimeoutExpired(process.args, timeout_s)

    process = start_group(python(""))
    with pytest.raises(ProcessStuck, match=f"process {process.pid} hangs in the kernel"):
        end_group(process, reap=never)
    end_group(process)
    assert process.returncode is not None
