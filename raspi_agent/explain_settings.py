"""What is wrong with settings, in words for people."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic.fields import FieldInfo


def explain(error: ValidationError, path: Path, known: Mapping[str, FieldInfo], prefix: str) -> str:
    """What is wrong, a line for each setting.

    Args:
        error: pydantic's.
        path: the settings file.
        known: every setting by its name.
        prefix: what the name of a variable begins with.
    """
    lines = []
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"] if isinstance(part, str))
        setting = known.get(name)
        reason = str(problem["msg"]).removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            lines.append(f"{name} in {path}: no such setting; {_what_there_is(name, tuple(known))}")
        elif problem["type"] == "model_type":
            lines.append(f"{name} in {path} is a table: write [{name}], and {name}'s settings below it")
        elif setting is None:
            lines.append(f"{path}: {name and f'{name}: '}{reason}")
        elif problem["type"] == "missing":
            lines.append(
                f"{name} is missing in {path} ({prefix}{name.upper()} will do): {setting.description}"
            )
        else:
            lines.append(f"{name} = {problem['input']!r}: {reason} ({setting.description})")
    return "\n".join(lines)


def _what_there_is(strange: str, known: Sequence[str]) -> str:
    """What somebody may have meant by a setting that is none."""
    table, _, own = strange.rpartition(".")
    if table and own in known:
        return f"{own} belongs above the first table, and stands below [{table}]"
    names = [each for each in known if each.rpartition(".")[0] == table]
    tables = {} if table else {f"[{each.partition('.')[0]}]": None for each in known if "." in each}
    return f"there are {', '.join((*names, *tables))}"
