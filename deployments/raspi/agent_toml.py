"""What the installer does with agent.toml: `fill EXAMPLE NAME=VALUE…` and `get FILE NAME DEFAULT`.

Run by the system's Python before anything of ours is installed, so it knows the standard library alone.
"""

import json
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path


def fill(example: str, values: Mapping[str, str]) -> str:
    """The example with some of its settings set, comments kept.

    Args:
        example: TOML with one setting in a line, every setting named once.
        values: text by the setting's name, `light.url` being `url` in the table `[light]`.

    Raises:
        KeyError: the example does not name a setting.
    """
    left = dict(values)
    table = ""
    lines = []
    for line in example.splitlines():
        if header := re.match(r"\[([a-z0-9_]+)\]", line):
            table = f"{header[1]}."
        setting = re.match(r"(?:# ?)?([a-z0-9_]+) = ", line)
        if setting and (value := left.pop(table + setting[1], None)) is not None:
            lines.append(f"{setting[1]} = {json.dumps(value, ensure_ascii=False)}")
        else:
            lines.append(line)
    if left:
        raise KeyError(", ".join(left))
    return "\n".join(lines) + "\n"


def get(text: str, name: str, default: str) -> str:
    """A setting's text in a settings file, or the default; of `light.url` the `url` in `[light]`."""
    value: object = tomllib.loads(text)
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) else default


def main(arguments: Sequence[str]) -> int:
    """Run one of the two; 0 when it did what it should, 2 when the file can't be used."""
    command, path, *rest = arguments
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        if command == "fill":
            sys.stdout.write(fill(text, dict(each.split("=", 1) for each in rest)))
        else:
            sys.stdout.write(f"{get(text, *rest)}\n")
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"{path}: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
