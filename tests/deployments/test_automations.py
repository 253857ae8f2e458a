"""Automations on a real Prefect server: made once, kept up to date, left off where a person put them off."""

from uuid import UUID, uuid4

import pytest
from prefect import get_client
from prefect.blocks.notifications import SlackWebhook

from deployments.automations import PREFIX, automations, notification_block_id, upsert

pytestmark = pytest.mark.prefect
WATCH = uuid4()
FLOWS = ("ingest", "backup")


def test_they_are_made_once_and_stay_off_where_put_off(prefect_server: str) -> None:
    with get_client(sync_client=True) as client:
        upsert(client, automations(WATCH, FLOWS, uuid4()))
        first = {each.name: each for each in client.read_automations()}
        assert len(first) == 4
        client.pause_automation(first[f"{PREFIX}drop late runs"].id)
        upsert(client, automations(uuid4(), FLOWS, None))
        second = {each.name: each for each in client.read_automations()}
        assert set(first) - set(second) == {f"{PREFIX}tell when no watch runs"}
        assert [second[name].id for name in second] == [first[name].id for name in second]
        assert {name for name, each in second.items() if not each.enabled} == {f"{PREFIX}drop late runs"}
        upsert(client, ())
        assert client.read_automations() == []


def test_the_watch_is_not_started_by_its_own_failure() -> None:
    look, *_ = automations(WATCH, FLOWS, None)
    assert "watch" not in str(look.trigger)
    assert all(each.description for each in automations(WATCH, FLOWS, uuid4()))


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
