"""What a message says: what, since when, the remedy, the picture."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tasks.watching.book import Incident
from tasks.watching.wording import local, span


@dataclass(frozen=True, slots=True)
class Message:
    """A subject line and a text."""

    subject: str
    text: str


def message_of(incident: Incident, zone: ZoneInfo, report: str) -> Message:
    """The message that an incident has begun, or is over.

    Args:
        incident: Which.
        zone: The household's time zone.
        report: Where the report is shown.
    """
    return _over(incident, zone) if incident.over_at else _begun(incident, zone, report)


def test_message(now_at: datetime, zone: ZoneInfo) -> Message:
    """A message that says only that messages arrive."""
    return Message(
        "SmartMeter: test message", f"Messages arrive. Sent on {local(now_at, zone)}; nothing is wrong."
    )


def _begun(incident: Incident, zone: ZoneInfo, report: str) -> Message:
    fault = incident.fault
    lines = [fault.sentence, f"Since: {local(incident.since_at, zone)}", f"What to do: {fault.remedy}"]
    if fault.picture_key:
        lines.append(f"Picture: {fault.picture_key}")
    lines += [f"Report: {report}", f"Silence this: smartmeter watch --silence {fault.fault_id}"]
    return Message(f"SmartMeter: {fault.title}", "\n".join(lines))


def _over(incident: Incident, zone: ZoneInfo) -> Message:
    over_at = incident.clear_at or incident.over_at or incident.seen_at
    began, ended = local(incident.since_at, zone), local(over_at, zone)
    lasted = span(over_at - incident.since_at)
    return Message(
        f"SmartMeter: over: {incident.fault.title}",
        f"It is over. It lasted from {began} to {ended} ({lasted}).\nIt was: {incident.fault.sentence}",
    )
