"""The tables of smartmeter.toml that say how this installation works, besides the meters."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import holidays
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from raspi_agent.open_store import store_parts
from raspi_agent.users_folder import users_folder

LAST_PORT = 65_535
# Longer than anybody means, and no longer than clocks can count.
LONGEST_DAYS = 1_000_000
LONGEST_HOURS = 1_000_000
LONGEST_MINUTES = 100_000_000
Cron = Annotated[str, Field(pattern=r"^$|^[0-9A-Za-z*/,#-]+( [0-9A-Za-z*/,#-]+){4}$")]
OBIS_CODE = r"^\d+-\d+:\d+\.\d+\.\d+$"
QUARTER_HOUR = r"^([01]\d|2[0-3]):(00|15|30|45)$|^24:00$"
Money = Annotated[Decimal, Field(ge=-1000, le=1_000_000)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _known_place(place: str) -> str:
    if not place:
        return place
    country, _, part = place.partition("-")
    known = holidays.list_supported_countries()
    if country not in known or (part and part not in known[country]):
        raise ValueError(f"{place!r} has no public holidays that are known; write it like DE, or DE-BY")
    return place


def _of_its_user(folder: str) -> str:
    """The folder with `~` as a shell understands it."""
    return str(users_folder(Path(folder))) if folder else folder


def _known_store(url: str) -> str:
    """The same store has one name, without a last slash, or its pictures would seem to lie in another one."""
    store_parts(url)
    scheme, _, path = url.partition(":")
    return f"{scheme}:{path.rstrip('/') or '/'}"


def _known_port(address: str) -> str:
    if not 0 < int(address.rpartition(":")[2]) <= LAST_PORT:
        raise ValueError(f"{address!r} names no port; write one from 1024 to {LAST_PORT}")
    return address


class Table(BaseModel):
    """A table of smartmeter.toml: unknown names are refused, and numbers that are none."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class StoreSettings(Table):
    """Where the camera leaves its pictures."""

    url: Annotated[str, AfterValidator(_known_store)] = "file:store"
    dropbox_app_key: Annotated[str, Field(pattern=r"^([A-Za-z0-9]{8,40})?$")] = ""
    downloads_at_once: Annotated[int, Field(ge=1, le=16)] = 4


class ReaderSettings(Table):
    """What reads the pictures."""

    model: str = "builtin"
    engine: Literal["onnx", "torch"] = "onnx"
    batch_size: Annotated[int, Field(ge=1, le=1024)] = 256


class MeasureSettings(Table):
    """Something done on a day to use less, whose effect the report shows."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    start: date
    meters: tuple[str, ...] | None = None


class ServerSettings(Table):
    """Where the Prefect server of `smartmeter up` listens."""

    # Names are compared, and addresses bring them in small letters.
    host: Annotated[str, Field(pattern=r"^[0-9A-Za-z.:-]{1,253}$"), AfterValidator(str.lower)] = "127.0.0.1"


class ReportSettings(Table):
    """How the report looks, and where `smartmeter up` shows it."""

    address: Annotated[
        str, Field(pattern=r"^http://(127\.0\.0\.1|localhost):\d+$"), AfterValidator(_known_port)
    ] = "http://127.0.0.1:4280"
    language: Literal["en", "de"] = "en"
    holidays: Annotated[str, AfterValidator(_known_place)] = ""
    measures: tuple[MeasureSettings, ...] = ()
    proof_days: Annotated[int, Field(ge=1, le=366)] = 14
    web_root: Annotated[str, AfterValidator(_of_its_user)] = ""
    web_pictures: bool = False


class ScheduleSettings(Table):
    """When the served deployments run, as cron: the ingest in UTC, what is daily in the household's zone."""

    ingest: Cron = "2-59/15 * * * *"
    watch: Cron = "4-59/5 * * * *"
    backup: Cron = "41 3 * * *"
    keep_home: Cron = "11 4 * * 0"


class BackupSettings(Table):
    """What a backup leaves in the store although the archive has it; and where copies of the home go."""

    keep_days: Annotated[float, Field(ge=0, le=LONGEST_DAYS)] = 14
    grace_hours: Annotated[float, Field(ge=0, le=LONGEST_HOURS)] = 24
    home_folder: Annotated[str, Field(min_length=1), AfterValidator(_of_its_user)] = "backups"
    home_keep: Annotated[int, Field(ge=1)] = 5
    home_pictures: Literal["none", "link", "copy"] = "none"


class AlertSettings(Table):
    """When something is wrong, and whom the watch tells besides the addresses in `secrets/alerts`."""

    prefect_block: Annotated[str, Field(pattern=r"^([a-z0-9-]+/[a-z0-9-]+)?$")] = ""
    ping_url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    silent_slots: Annotated[int, Field(ge=2)] = 6
    silent_minutes: Annotated[float, Field(ge=0, le=LONGEST_MINUTES)] = 0
    unread_pictures: Annotated[int, Field(ge=3, le=100)] = 8
    free_percent: Annotated[float, Field(gt=0, lt=50)] = 10
    outbox_pictures: Annotated[int, Field(ge=4)] = 100
    ingest_hours: Annotated[float, Field(gt=0, le=LONGEST_HOURS)] = 2
    base_load_w: Annotated[float, Field(gt=0)] = 50


class TariffHours(Table):
    """Hours of the local day with a price of their own; `end` may lie before `start`, after midnight."""

    start: Annotated[str, Field(pattern=QUARTER_HOUR)]
    end: Annotated[str, Field(pattern=QUARTER_HOUR)]
    days: tuple[Weekday, ...] = WEEKDAYS
    energy_per_kwh: Money


class TariffSettings(Table):
    """What energy costs: one price, prices by the hour, or day-ahead prices; and the fee."""

    start: date | None = None
    meters: tuple[str, ...] | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    fee_per_month: Money = Decimal(0)
    energy_per_kwh: Money | None = None
    feed_in_per_kwh: Money = Decimal(0)
    registers: dict[Annotated[str, Field(pattern=OBIS_CODE)], Money] = Field(default_factory=dict)
    hours: tuple[TariffHours, ...] = ()
    area: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    factor: Annotated[Decimal, Field(gt=0, le=10)] = Decimal(1)
    surcharge_per_kwh: Money = Decimal(0)

    @model_validator(mode="after")
    def _has_a_price(self) -> "TariffSettings":
        if (self.energy_per_kwh is None) == (self.area is None) and not self.registers:
            raise ValueError("give energy_per_kwh, or area for day-ahead prices (one of the two)")
        return self
