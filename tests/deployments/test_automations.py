"""Automations on a real Prefect server: made once, kept up to date, left off where a person put them off."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from prefect import get_client
from prefect.blocks.notifications import SlackWebhook
from prefect.events.schemas.automations import EventTrigger

from deployments.automations import (
    PREFIX,
    automations,
    longest_between_watches,
    notification_block_id,
    upsert,
)

pytestmark = pytest.mark.prefect
WATCH = uuid4()
FLOWS = ("ingest", "backup")
OFTEN = timedelta(minutes=5)


def test_they_are_made_once_and_stay_off_where_put_off(prefect_server: str) -> None:
    with get_client(sync_client=True) as client:
        upsert(client, automations(WATCH, FLOWS, uuid4(), OFTEN))
        first = {each.name: each for each in client.read_automations()}
        assert len(first) == 4
        client.pause_automation(first[f"{PREFIX}drop late runs"].id)
        upsert(client, automations(uuid4(), FLOWS, None, OFTEN))
        second = {each.name: each for each in client.read_automations()}
        assert set(first) - set(second) == {f"{PREFIX}tell when no watch runs"}
        assert [second[name].id for name in second] == [first[name].id for name in second]
        assert {name for name, each in second.items() if not each.enabled} == {f"{PREFIX}drop late runs"}
        upsert(client, ())
        assert client.read_automations() == []


def test_the_watch_is_not_started_by_its_own_failure() -> None:
    look, *_ = automations(WATCH, FLOWS, None, OFTEN)
    assert "watch" not in str(look.trigger)
    assert all(each.description for each in automations(WATCH, FLOWS, uuid4(), OFTEN))


@pytest.mark.parametrize(
    ("cron", "minutes"),
    [
        ("4-59/5 * * * *", 30),
        ("0 * * * *", 85),
        ("*/5 7-21 * * *", 10 * 60 - 55 + 25),
        ("* 8-20 * * 1-5", 59 * 60 + 1 + 25),
        ("0 6 * * 1", 7 * 24 * 60 + 25),
        ("0 0 29 2 *", 2921 * 24 * 60 + 25),
        ("", None),
    ],
)
def test_no_watch_is_missed_before_one_was_due(cron: str, minutes: int | None) -> None:
    told = [
        each.trigger.within
        for each in automations(WATCH, FLOWS, uuid4(), longest_between_watches(cron))
        if each.name == f"{PREFIX}tell when no watch runs" and isinstance(each.trigger, EventTrigger)
    ]
    assert told == ([] if minutes is None else [timedelta(minutes=minutes)])


@pytest.mark.parametrize("name", ["", "slack-webhook", "slack-webhook/none", "nonsense/none"])
def test_a_block_that_is_not_there_is_none(prefect_server: str, name: str) -> None:
    with get_client(sync_client=True) as client:
        assert notification_block_id(client, name) is None


def test_a_block_is_found_by_its_type_and_name(prefect_server: str) -> None:
    block = SlackWebhook.model_validate({"url": "https://hooks.slack.com/services/T/B/x"})
    saved = block.save("found", overwrite=True)
    with get_client(sync_client=True) as client:
        found = notification_block_id(client, "slack-webhook/found")
    assert isinstance(found, UUID)
    assert found == saved
