import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


def leashed(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """A module that tells its arguments and then works for a minute, started on our leash."""
    (folder / "works.py").write_text(
        "import json, sys, time\nprint(__name__, json.dumps(sys.argv[1:]), flush=True)\ntime.sleep(60)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-m", "flows.leash", "works", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("arguments", [[], ["server", "start", "--port", "4200"]])
def test_a_program_on_the_leash_runs_as_itself_and_ends_with_its_starter(
    tmp_path: Path, arguments: list[str]
) -> None:
    with leashed(tmp_path, *arguments) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == f"__main__ {json.dumps(arguments)}\n"
        process.stdin.close()
        assert process.wait(timeout=30) == -signal.SIGTERM
