"""Crons of the settings, as Prefect understands them."""

from prefect.client.schemas.schedules import CronSchedule
from pydantic import ValidationError

from tasks.settings import SettingsError


def check_cron(cron: str) -> None:
    """Refuse what is no cron.

    Raises:
        SettingsError: It is none; the message says why, and how one is written.
    """
    try:
        CronSchedule(cron=cron)
    except ValidationError as error:
        raise SettingsError(
            f"{cron!r} in the table [schedule] is no cron: {error.errors()[0]['msg']}. "
            "Write minute, hour, day, month, weekday, like '41 3 * * *'; an empty text runs it never."
        ) from error
