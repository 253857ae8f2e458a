"""What doctor finds of settings that can be loaded, and yet do not fit what they are for."""

from collections.abc import Iterator

from raspi_agent.finding import Finding, fault, warning
from tasks.crons import check_cron
from tasks.drums import moved_decimals, unfit_readings
from tasks.renamed import lost_words
from tasks.settings import Settings, SettingsError
from tasks.tariffs import lost_tariffs
from warehouse.connection import open_warehouse

MOST_TAUGHT = 9
# What the first number of an OBIS code names, but for electricity.
_OTHER_MEDIA = {"4": "heating costs", "5": "cold", "6": "heat", "7": "gas", "8": "water", "9": "hot water"}


def examine_schedule(settings: Settings) -> Iterator[Finding]:
    """Schedules that `smartmeter up` would refuse; nothing where all is well."""
    for cron in filter(None, settings.schedule.model_dump().values()):
        try:
            check_cron(cron)
        except SettingsError as error:
            yield fault("schedule", str(error), "Until then, smartmeter up does not start.")


def examine_media(settings: Settings) -> Iterator[Finding]:
    """Registers whose OBIS code is not one of electricity; nothing where all are."""
    for meter in settings.meters:
        for register_id in settings.register_ids(meter):
            medium = _OTHER_MEDIA.get(settings.face(register_id).obis_code.partition("-")[0])
            if medium:
                yield warning(
                    "settings",
                    f"{register_id} counts {medium}, but everything counted is told as kWh of electricity.",
                    "Take its own unit for kWh, and no notice of power, cost and CO2.",
                )


def examine_digits(settings: Settings) -> Iterator[Finding]:
    """Registers with more drums than the built-in reader was taught; nothing where it is not used."""
    if settings.reader.model != "builtin":
        return
    for meter in settings.meters:
        for register_id in settings.register_ids(meter):
            digits = settings.face(register_id).digits
            if digits > MOST_TAUGHT:
                yield warning(
                    "settings",
                    f"{register_id} has {digits} digits, and the built-in reader knows up to {MOST_TAUGHT}.",
                    "Look at what it reads; smartmeter train teaches it your own pictures.",
                )


def examine_readings(settings: Settings) -> Iterator[Finding]:
    """Registers and tariffs that no longer fit the settings; nothing where all is well."""
    if not settings.warehouse.exists():
        return
    try:
        with open_warehouse(settings.warehouse, read_only=True, wait_s=10) as warehouse:
            for sentence, remedy in unfit_readings(warehouse) + moved_decimals(warehouse):
                yield warning("readings", sentence, remedy)
            for sentence, remedy in lost_words(warehouse):
                yield warning("told", sentence, remedy)
            for sentence, remedy in lost_tariffs(settings, warehouse):
                yield warning("tariffs", sentence, remedy)
    except Exception:  # noqa: BLE001 - the finding of the warehouse itself tells
        return
