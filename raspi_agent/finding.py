"""What a check found, and how a terminal shows it."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from enum import StrEnum
from threading import Thread
from typing import TypeVar

WIDTH = 80
_NAME_WIDTH = 13
Answer = TypeVar("Answer")


class Verdict(StrEnum):
    """How bad it is: a warning costs no picture today, a fault may."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    Attributes:
        name: what was checked.
        verdict: how it is.
        sentence: what was found, for people.
        remedy: what to do; empty when nothing.
    """

    name: str
    verdict: Verdict
    sentence: str
    remedy: str = ""


def ok(name: str, sentence: str) -> Finding:
    """A check that found nothing wrong."""
    return Finding(name, Verdict.OK, sentence)


def warning(name: str, sentence: str, remedy: str) -> Finding:
    """A check that found something to see to when there is time."""
    return Finding(name, Verdict.WARNING, sentence, remedy)


def fault(name: str, sentence: str, remedy: str) -> Finding:
    """A check that found something that costs pictures."""
    return Finding(name, Verdict.FAULT, sentence, remedy)


class NoAnswer(Exception):  # noqa: N818  (it is no error of ours)
    """Whoever was asked has not answered in time."""


def answer_within(seconds: float, what: str, ask: Callable[[], Answer]) -> Answer:
    """The answer of something that may hang for ever, as a share does whose server is away.

    Args:
        seconds: How long it may take.
        what: Whom the thread that waits on is named after.
        ask: The question; whatever it raises is raised here.

    Raises:
        NoAnswer: None has come in time.
    """
    answer: Future[Answer] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:  # noqa: BLE001 - whoever asks gets it
            answer.set_exception(error)

    Thread(target=run, name=f"check of {what}", daemon=True).start()
    if not wait([answer], seconds).done:
        raise NoAnswer(f"no answer within {seconds:.0f} s")
    return answer.result()


def within(seconds: float, name: str, check: Callable[[], Finding], remedy: str) -> Finding:
    """The finding of a check that may hang or raise: either is a fault, with that remedy."""
    try:
        return answer_within(seconds, name, check)
    except NoAnswer as error:
        return fault(name, str(error), remedy)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other checks go on
        return fault(name, f"the check failed: {error} ({type(error).__name__})", remedy)


def format_finding(finding: Finding, width: int = WIDTH) -> str:
    """The lines of one finding in a table, no wider than a terminal."""
    mark = finding.verdict.value if finding.verdict is Verdict.OK else finding.verdict.value.upper()
    indent = " " * (9 + _NAME_WIDTH)
    lines = list(_wrapped(f"{mark:8} {finding.name:{_NAME_WIDTH}}", finding.sentence, indent, width))
    if finding.remedy:
        lines += _wrapped(f"{indent}-> ", finding.remedy, f"{indent}   ", width)
    return "\n".join(lines)


def summary_of(findings: Sequence[Finding]) -> str:
    """The last line: how many checks, and how they ended."""
    faults = sum(each.verdict is Verdict.FAULT for each in findings)
    warnings = sum(each.verdict is Verdict.WARNING for each in findings)
    return f"{len(findings)} checks: {_many(faults, 'fault')}, {_many(warnings, 'warning')}"


def _wrapped(head: str, text: str, indent: str, width: int) -> Iterator[str]:
    first = head
    for line in text.splitlines() or [""]:
        yield from textwrap.wrap(line, width, initial_indent=first, subsequent_indent=indent) or [
            first.rstrip()
        ]
        first = indent


def _many(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
