"""A new home folder grows beside its place, and nothing of a killed run stays."""

import subprocess
import sys
from pathlib import Path

from tasks.home_draft import draft_beside

HOLD = "import sys, time; from pathlib import Path; from tasks.home_draft import draft_beside\n"
HOLD += "with draft_beside(Path(sys.argv[1])) as draft: print(draft, flush=True); time.sleep(60)"


def test_what_a_kill_left_is_removed_and_what_goes_on_is_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / ".home-of-somebody").mkdir()
    running = subprocess.Popen([sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    other = Path(running.stdout.readline().strip())
    (other / "archive").mkdir()
    with draft_beside(home) as draft:
        assert (draft.is_dir(), other.is_dir(), draft.parent) == (True, True, tmp_path)
        draft.rmdir()
    running.kill()
    running.wait()
    running.stdout.close()
    with draft_beside(home) as draft:
        assert not other.exists()
        draft.rename(home)
    assert {path.name for path in tmp_path.iterdir()} == {".home-of-somebody", "home"}
