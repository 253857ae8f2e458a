"""Channels with real receivers: once each, whatever one of them does, and no secret in any log."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tasks.watching import channels as module
from tasks.watching.channels import SECRETS, Channel, ChannelError, load_channels, masked, send
from tasks.watching.messages import Message

if TYPE_CHECKING:
    from flows.playground.receivers import Receivers

MESSAGE = Message("SmartMeter: no picture from cellar", "First line\nÜber 2 h")


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)


def write(home: Path, *lines: str, mode: int = 0o600) -> Path:
    path = home / SECRETS
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines))
    path.chmod(mode)
    return path


def test_addresses_come_from_the_file_and_the_variable_overrules_it(home: Path) -> None:
    assert load_channels(home, {}) == ((), {})
    write(home, "# mine", "", "ntfy://example.org/topic", "json://example.org/a", "json://example.org/a")
    assert [each.url for each in load_channels(home, {})[0]] == [
        "ntfy://example.org/topic",
        "json://example.org/a",
    ]
    assert load_channels(home, {"SMARTMETER_ALERT_URLS": ""}) == ((), {})
    (only,), _ = load_channels(home, {"SMARTMETER_ALERT_URLS": "tgram://123456789:abcdefg_hijklmnop/4711"})
    assert only.name.startswith("tgram-")
    assert "abcdefg" not in repr(only)


@pytest.mark.parametrize(("mode", "says"), [(0o644, "chmod 600"), (0o660, "chmod 600")])
def test_a_file_that_others_may_read_is_refused(home: Path, mode: int, says: str) -> None:
    write(home, "ntfy://example.org/topic", mode=mode)
    with pytest.raises(ChannelError, match=says):
        load_channels(home, {})


def test_a_file_that_is_no_text_or_cannot_be_read_is_refused(home: Path) -> None:
    path = write(home)
    path.write_bytes(b"ntfy://example.org/t\xf6pic")
    with pytest.raises(ChannelError, match="can't be read"):
        load_channels(home, {})
    path.unlink()
    path.mkdir(mode=0o700)
    with pytest.raises(ChannelError, match="can't be read"):
        load_channels(home, {})


@pytest.mark.parametrize("line", ["nonsense", "nowhere://sesame", "mailto://", "tgram://sesame/", "https://"])
@pytest.mark.parametrize("place", ["Line 3 of secrets/alerts", "Address 2 of SMARTMETER_ALERT_URLS"])
def test_what_is_no_address_is_named_without_showing_it_and_stops_no_other(
    home: Path, line: str, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good = ["ntfy://example.org/topic", "json://example.org/a"]
    write(home, "# mine", good[0], line, good[1])
    environment = {"SMARTMETER_ALERT_URLS": " ".join([good[0], line, good[1]])} if "URLS" in place else {}
    channels, troubles = load_channels(home, environment)
    assert [each.url for each in channels] == good
    assert list(troubles) == [place]
    assert "sesame" not in f"{troubles}{caplog.text}"


def test_each_kind_of_channel_gets_the_message_and_the_picture_once(
    tmp_path: Path, receivers: "Receivers", photo: bytes
) -> None:
    picture = tmp_path / "20261124.jpg"
    picture.write_bytes(photo)
    for url in (receivers.mail, receivers.ntfy, receivers.webhook):
        send(Channel("c", url), MESSAGE, picture)
        send(Channel("c", url), MESSAGE)
    for place in ("mail", "/sesame-topic", "/hook/sesame-hook"):
        with_picture, without = receivers.at(place)
        assert (with_picture.subject, without.subject) == (MESSAGE.subject, MESSAGE.subject)
        assert with_picture.text.split() == without.text.split() == MESSAGE.text.split()
        assert with_picture.attachments == (("20261124.jpg", photo),)
        assert without.attachments == ()


@pytest.mark.parametrize(("failures", "arrives"), [(1, True), (2, True), (3, False)])
@pytest.mark.parametrize("place", ["mail", "/sesame-topic", "/hook/sesame-hook"])
def test_a_refusal_is_tried_again_and_never_doubled(
    receivers: "Receivers", place: str, failures: int, arrives: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receivers.refused[place] = failures
    urls = {"mail": receivers.mail, "/sesame-topic": receivers.ntfy, "/hook/sesame-hook": receivers.webhook}
    if arrives:
        send(Channel("c", urls[place]), MESSAGE)
    else:
        with pytest.raises(ChannelError) as failure:
            send(Channel("c", urls[place]), MESSAGE)
        assert "sesame" not in str(failure.value)
    assert len(receivers.at(place)) == arrives
    ours = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("urllib3"))
    assert "sesame" not in ours


def test_a_picture_that_is_not_taken_costs_no_message(receivers: "Receivers", tmp_path: Path) -> None:
    missing = tmp_path / "missing.jpg"
    send(Channel("c", receivers.webhook), MESSAGE, missing)
    assert [each.attachments for each in receivers.received] == [()]


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("mailto://me:pa%24s@example.org?smtp=mail.example.org", "login of me with pa$s failed at pa%24s"),
        ("tgram://123:abcdef/4711", "https://api.telegram.org/bot123:abcdef/sendMessage 4711"),
        ("json://example.org/hook/geheim?key=tief", "POST /hook/geheim?key=tief"),
    ],
)
def test_secrets_of_an_address_are_masked(url: str, text: str) -> None:
    shown = masked(text, url)
    assert "***" in shown
    for secret in ("pa$s", "pa%24s", "abcdef", "geheim", "tief"):
        assert secret not in shown
