"""Known holes in the pinned versions: a hole fails; what could not be looked up is said in one line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
COMMAND = ("--requirement", str(ROOT / "constraints.txt"), "--no-deps", "--disable-pip", "--format", "json")
PATIENCE_S = 60


def main() -> int:
    """Ask, and print what was found; exit code 1 for a hole."""
    command = [sys.executable, "-m", "pip_audit", *COMMAND, "--progress-spinner", "off", "--timeout", "10"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        found: list[dict[str, Any]] = json.loads(answer.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print("pip-audit: not checked, the advisory service does not answer.")
        return 0
    return tell(found)


def tell(found: list[dict[str, Any]]) -> int:
    """Print the holes among these dependencies, and how many could be looked up."""
    asked = [each for each in found if "skip_reason" not in each]
    holes = [(each["name"], each["version"], hole["id"]) for each in asked for hole in each["vulns"]]
    for name, version, hole in holes:
        print(f"pip-audit: {name} {version} has {hole}")
    known = f"{len(asked)} of {len(found)} pinned versions could be looked up"
    print(f"pip-audit: {known}, {len(holes)} known holes." if asked else f"pip-audit: not checked, {known}.")
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main())
