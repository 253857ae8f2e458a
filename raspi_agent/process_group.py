"""Programs that must not outlive their deadline: each leads a process group, and the whole group ends."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

TERM_S = 0.3  # a program that does not end by itself within this after SIGTERM gets SIGKILL
REAP_S = 5.0  # SIGKILL works at once, unless the program hangs in the kernel

Reap = Callable[[subprocess.Popen[bytes], float], object]

_POLL_S = 0.01


class ProcessStuck(Exception):  # noqa: N818 - a state of the process, named as one
    """The program cannot be ended: it hangs in the kernel, and only a new start of this machine helps."""


def wait_for(process: subprocess.Popen[bytes], timeout_s: float) -> object:
    """Wait for a program's end as the kernel tells it.

    Raises:
        subprocess.TimeoutExpired: it has not ended.
    """
    return process.wait(timeout_s)


def start_group(
    command: Sequence[str],
    *,
    stdin: int = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program, without a shell, as the leader of a group of its own; its output comes by pipes.

    Args:
        command: the program and its arguments.
        stdin: as of `subprocess.Popen`.
        pass_fds: the descriptors it inherits.
        environment: what it finds there besides our own variables.

    Raises:
        FileNotFoundError: there is no such program.
    """
    return subprocess.Popen(  # noqa: S603 - a list of words, and no shell reads it
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=pass_fds,
        env={**os.environ, **(environment or {})},
    )


def end_group(process: subprocess.Popen[bytes], *, reap: Reap = wait_for) -> None:
    """End a program and all that it has started, and return once it has gone.

    Nothing may have waited for the program before: until somebody does, nobody else gets its number.

    Args:
        process: from `start_group`.
        reap: waits for the program's end.

    Raises:
        ProcessStuck: it is still there `REAP_S` after SIGKILL.
    """
    if process.returncode is not None:
        return
    _signal_group(process, signal.SIGTERM)
    gives_up_at_s = time.monotonic() + TERM_S
    while not _has_ended(process) and time.monotonic() < gives_up_at_s:
        time.sleep(_POLL_S)
    _signal_group(process, signal.SIGKILL)  # also what it has started, which may have ignored SIGTERM
    try:
        reap(process, REAP_S)
    except subprocess.TimeoutExpired:
        message = f"process {process.pid} hangs in the kernel: not even SIGKILL ends it"
        raise ProcessStuck(message) from None


def run_within(command: Sequence[str], timeout_s: float) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end and return its status, output and complaints.

    Raises:
        FileNotFoundError: there is no such program.
        TimeoutError: it has not ended in time, and now has.
        ProcessStuck: it has not ended in time, and cannot be ended.
    """
    process = start_group(command)
    try:
        output, complaints = process.communicate(timeout=timeout_s)
    except BaseException as error:
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()
        end_group(process)
        if isinstance(error, subprocess.TimeoutExpired):
            message = f"{command[0]} has not ended within {timeout_s:.0f} s"
            raise TimeoutError(message) from None
        raise
    return subprocess.CompletedProcess(command, process.returncode, output, complaints)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has, leaving its status to be fetched."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
