"""Reports of agents: whatever lies in the home folder, the watch goes on."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raspi_agent import health as agent
from raspi_agent.clock import ClockReading
from raspi_agent.machine import Machine
from raspi_agent.outbox import OutboxStatus
from raspi_agent.tally import Hour
from tasks.looking import REPORTS, reports_of
from tasks.watching.facts import Health, health_of

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
JSON = st.sampled_from(
    [None, True, 0, -1, 10**30, 1.5, "", "5", "yes", [], [1, None], {}, {"waiting": "many"}, {"waiting": -1}]
)
NAMES = ("at", "disk_free_bytes", "outbox", "restarts", "throttled", "temperature_c", "clock_synchronised")


def test_a_report_is_understood() -> None:
    fields = {
        "at": "2026-11-24T12:00:00Z",
        "disk_free_bytes": 5,
        "disk_total_bytes": 9,
        "outbox": {"waiting": 3, "waiting_bytes": 4, "dropped": 1},
        "restarts": 2,
        "throttled": ["undervoltage"],
        "temperature_c": 51.5,
        "clock_synchronised": False,
    }
    assert health_of(fields) == Health(AT, 5, 9, 3, 1, 2, ("undervoltage",), 51.5, synchronised=False)


def test_what_the_agent_writes_is_understood() -> None:
    clock = ClockReading(AT, synchronised=False, boot_id="b", boot_ms=1)
    machine = Machine(51.5, ("undervoltage",), 5, 9, "b", 1.0)
    outbox = OutboxStatus(3, 4, 5, 6, 0, None, None, None)
    report = agent.Health("cellar", clock, "0.1.0", machine, outbox, 1, 2, Hour())
    expected = Health(AT, 5, 9, 3, 1, 2, ("undervoltage",), 51.5, synchronised=False, boot_id="b")
    assert health_of(json.loads(agent.format_health(report))) == expected


@pytest.mark.parametrize("fields", [None, [], {}, {"at": "today"}, {"at": "2026-11-24T12:00:00"}, {"at": 7}])
def test_what_is_no_report_is_none(fields: object) -> None:
    assert health_of(fields) is None


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_values_of_a_wrong_kind_count_as_unknown(fields: dict[str, object]) -> None:
    found = health_of({**fields, "at": "2026-11-24T12:00:00Z"})
    assert found is not None
    for number in (found.disk_free_bytes, found.waiting, found.restarts):
        assert number is None or (type(number) is int and number >= 0)


def test_broken_and_giant_files_are_passed_over_and_the_newest_reports_count(home: Path) -> None:
    for hours in range(80):
        at = AT - timedelta(hours=hours)
        path = home / "health" / "cellar" / f"{at:%Y%m%d}" / f"{at:%Y%m%d_%H}0000Z.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"at": at.isoformat(), "restarts": hours}))
        if hours in {0, 1, 2}:
            path.write_bytes((b"{", b"[" * 99_000, b" " * 200_000)[hours])
    found = reports_of(home, "cellar")
    assert len(found) == REPORTS
    assert [each.restarts for each in found] == list(reversed(range(3, 3 + REPORTS)))
    assert reports_of(home, "garage") == ()
