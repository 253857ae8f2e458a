"""The desk of a review: whose pictures lie on it, and what becomes of the last answers."""

import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from flows.review import ReviewServer
from flows.review_desk import Desk
from tasks.publish import publish_report
from tasks.settings import Settings, load_settings
from tests.flows.conftest import DrawnMeter, read_by_an_oracle
from warehouse.connection import open_warehouse

COUNT = 12
DARK = {3, 5}


@pytest.fixture
def doubtful(drawn_meter: DrawnMeter) -> Settings:
    """Three hours of pictures, two of them too dark to read, with their report."""
    read_by_an_oracle(drawn_meter, COUNT, dark=DARK)
    publish_report.fn(load_settings())
    return load_settings()


@pytest.mark.parametrize(
    ("table", "meter", "shown"),
    [
        ("[meters.home]", None, DARK),
        ("[meters.home]", "home", DARK),
        ("[meters.house]", None, set()),
        ("[meters.house]", "house", set()),
        ('[meters.home]\nobis_code = "1-0:1.8.1"', None, set()),
    ],
)
def test_only_registers_of_the_settings_lie_on_the_desk(
    doubtful: Settings, drawn_meter: DrawnMeter, table: str, meter: str | None, shown: set[int]
) -> None:
    file = doubtful.home / "smartmeter.toml"
    file.write_text(file.read_text().replace("[meters.home]", table))
    expected = [drawn_meter.key(number) for number in sorted(shown, reverse=True)]
    assert [item["key"] for item in Desk(load_settings(), meter).queue()] == expected


def answered(desk: Desk, address: str, body: dict[str, Any]) -> int:
    request = urllib.request.Request(  # noqa: S310 - loopback
        address.partition("?")[0] + "set", json.dumps(body).encode(), {"X-Token": desk.token}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
        return int(answer.status)


class SlowDesk(Desk):
    """A desk whose report takes its time, so that an answer arrives while it is being made."""

    def follow(self) -> None:
        with self._lock:
            super().follow()
            time.sleep(1)


def test_an_answer_given_while_the_report_follows_outlives_the_end(
    doubtful: Settings, drawn_meter: DrawnMeter
) -> None:
    desk = SlowDesk(doubtful)
    with ReviewServer(desk) as server:
        names = {item["key"]: item["name"] for item in desk.queue()}
        for number in sorted(DARK):
            body = {
                "name": names[drawn_meter.key(number)],
                "reading": f"{drawn_meter.value_wh(number) // 100:07d}",
            }
            threading.Thread(target=answered, args=(desk, server.address, body), daemon=True).start()
            deadline = time.monotonic() + 20
            while number == min(DARK) and not desk.followed and time.monotonic() < deadline:
                time.sleep(0.02)
        time.sleep(0.3)
    assert not desk.said
    with open_warehouse(doubtful.sql_copy, read_only=True) as warehouse:
        manual = warehouse.sql("select picture_key from out.readings where quality = 'manual' order by 1")
    assert manual["picture_key"].to_list() == [drawn_meter.key(number) for number in sorted(DARK)]
