import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raspi_agent.finding import (
    Finding,
    NoAnswer,
    Verdict,
    answer_within,
    fault,
    format_finding,
    ok,
    summary_of,
    warning,
    within,
)


def test_a_finding_is_a_row_of_a_table() -> None:
    assert format_finding(ok("disk", "half of it is free")) == "ok       disk         half of it is free"
    assert format_finding(fault("store", "it is away", "look at the network")).splitlines() == [
        "FAULT    store        it is away",
        "                      -> look at the network",
    ]


@given(
    sentence=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=300),
    remedy=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=300),
)
def test_it_fits_a_terminal_and_loses_no_word(sentence: str, remedy: str) -> None:
    shown = format_finding(Finding("name", Verdict.WARNING, sentence, remedy))
    assert max(len(line) for line in shown.splitlines()) <= 80
    squeezed = "".join(shown.split())
    assert "".join(sentence.split()) in squeezed
    assert "".join(remedy.split()) in squeezed


@pytest.mark.parametrize(
    ("findings", "says"),
    [
        ([ok("a", "")], "1 checks: no faults, no warnings"),
        ([fault("a", "", ""), warning("b", "", ""), warning("c", "", "")], "3 checks: 1 fault, 2 warnings"),
    ],
)
def test_the_last_line_counts(findings: list[Finding], says: str) -> None:
    assert summary_of(findings) == says


def test_a_check_that_hangs_or_raises_is_a_fault() -> None:
    def hang() -> Finding:
        time.sleep(5)
        return ok("x", "late")

    def fail() -> Finding:
        raise KeyError("surprise")

    assert within(1, "x", lambda: ok("x", "fine"), "").sentence == "fine"
    assert within(0.1, "x", hang, "do this") == fault("x", "no answer within 0 s", "do this")
    assert within(1, "x", fail, "do this") == fault("x", "the check failed: 'surprise' (KeyError)", "do this")


def test_whoever_asks_gets_the_answer_or_its_error_or_none_in_time() -> None:
    def refuse() -> int:
        raise TimeoutError("of its own")

    assert answer_within(1, "x", lambda: 7) == 7
    with pytest.raises(TimeoutError, match="of its own"):
        answer_within(1, "x", refuse)
    with pytest.raises(NoAnswer, match="no answer within 0 s"):
        answer_within(0.1, "x", lambda: time.sleep(5))
