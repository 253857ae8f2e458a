from typing import TYPE_CHECKING

import pytest

from tasks.watching.ping import PingError, ping

if TYPE_CHECKING:
    from flows.playground.receivers import Receivers


@pytest.fixture
def url(receivers: "Receivers") -> str:
    return f"http://127.0.0.1:{receivers.http_port}/ping/sesame"


@pytest.mark.parametrize(
    ("behind", "failing", "place"),
    [
        ("", False, "/ping/sesame"),
        ("", True, "/ping/sesame/fail"),
        ("/", True, "/ping/sesame/fail"),
        ("?create=1", False, "/ping/sesame"),
        ("?create=1", True, "/ping/sesame/fail"),
    ],
)
def test_a_ping_arrives_where_it_belongs(
    receivers: "Receivers", url: str, behind: str, failing: bool, place: str
) -> None:
    ping(url + behind, failing=failing)
    assert [each.at for each in receivers.received] == [place]


def test_a_redirect_within_the_host_is_followed(receivers: "Receivers", url: str) -> None:
    receivers.moved["/ping/sesame"] = "/elsewhere"
    ping(url, failing=False)
    assert [each.at for each in receivers.received] == ["/elsewhere"]


@pytest.mark.parametrize(
    "target", ["http://localhost:{port}/elsewhere", "https://127.0.0.1:{port}/x", "/ping/sesame"]
)
def test_other_redirects_are_not_followed(receivers: "Receivers", url: str, target: str) -> None:
    receivers.moved["/ping/sesame"] = target.format(port=receivers.http_port)
    with pytest.raises(PingError) as refusal:
        ping(url, failing=False)
    assert "sesame" not in str(refusal.value)
    assert receivers.received == []


@pytest.mark.parametrize("trouble", ["refused", "nobody listens", "no address"])
def test_a_ping_that_does_not_arrive_is_told_without_its_address(
    receivers: "Receivers", url: str, trouble: str
) -> None:
    receivers.refused["/ping/sesame"] = 1
    addresses = {
        "refused": url,
        "nobody listens": "http://127.0.0.1:9/sesame",
        "no address": "http://:sesame/",
    }
    with pytest.raises(PingError) as refusal:
        ping(addresses[trouble], failing=False)
    assert "sesame" not in str(refusal.value)
