import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tasks.reports.data import SCHEMAS as ALL_SCHEMAS
from tasks.reports.data import ReportData

BERLIN = "Europe/Berlin"
LAST_DAY = date(2026, 11, 20)

SCHEMAS = {name: ALL_SCHEMAS[name] for name in ("daily", "last_day", "hours", "quality", "readings")}


def frame(name: str, *rows: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMAS[name], orient="row")


@dataclass(frozen=True, slots=True)
class Household:
    """Frames of a made-up household: a fridge, an evening, now and then a car or sun, one gap a week."""

    n_days: int
    last: date = LAST_DAY
    car: bool = False
    gaps: bool = False
    sun_w: int = 0
    hours_of_last_day: int | None = None

    def report(self, **changes: Any) -> ReportData:  # noqa: ANN401 - any field of the report
        return ReportData(
            **{
                "meter": "Home",
                "timezone": BERLIN,
                "generated_at": datetime(2026, 11, 21, 6, 30, tzinfo=UTC),
                "picture_url": picture_url,
                **self.frames(),
                **changes,
            }
        )

    def frames(self) -> dict[str, pl.DataFrame]:
        rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in SCHEMAS}
        dates = [self.last - timedelta(days=back) for back in reversed(range(self.n_days))]
        for local_date in dates:
            if self.gaps and local_date.toordinal() % 50 in {7, 8} and local_date != self.last:
                continue
            self._add_day(rows, local_date)
        return {name: frame(name, *rows[name]) for name in SCHEMAS}

    def _add_day(self, rows: dict[str, list[tuple[object, ...]]], local_date: date) -> None:
        chance = random.Random(local_date.toordinal())
        starts = list(local_starts(local_date))
        if local_date == self.last and self.hours_of_last_day is not None:
            starts = starts[: 4 * self.hours_of_last_day]
        gap = range(40, 60) if self.gaps and local_date.weekday() == 2 else range(0)
        powers = [self._power_w(chance, start) for start in starts]
        energies_wh = [power_w // 4 for power_w in powers]
        estimated_wh = sum(energies_wh[k] for k in gap if k < len(energies_wh))
        base_load_w = sorted(powers[:20])[2] if len(powers) > 20 else None
        rows["daily"].append(
            (
                local_date,
                sum(energies_wh) / 1000,
                estimated_wh / 1000,
                len(starts) / 4,
                base_load_w,
                max(powers),
            )
        )
        by_hour: dict[int, list[int]] = {}
        for k, start in enumerate(starts):
            if k not in gap:
                by_hour.setdefault(start.hour, []).append(powers[k])
        rows["hours"] += [(local_date, hour, sum(ws) // len(ws)) for hour, ws in by_hour.items()]
        rows["quality"].append((local_date, len(starts) - len(gap) - 3, 1, 0, 2, len(gap)))
        if local_date == self.last:
            self._add_last_day(rows, starts, energies_wh)

    def _power_w(self, chance: random.Random, start: datetime) -> int:
        power_w = 132 + 36 * (chance.random() < 0.5)
        if 18 <= start.hour < 22:
            power_w += chance.randrange(200, 2200)
        if self.car and 20 <= start.hour < 23:
            power_w += 11_800
        if 10 <= start.hour < 15:
            power_w -= self.sun_w
        return 4 * (power_w // 4)

    def _add_last_day(
        self, rows: dict[str, list[tuple[object, ...]]], starts: list[datetime], energies_wh: list[int]
    ) -> None:
        total_wh = 36_109_000
        for k, (start, energy_wh) in enumerate(zip(starts, energies_wh, strict=True)):
            rows["last_day"].append(
                (start, 15, energy_wh, 4 * energy_wh, "measured", key(start, k), key(start, k + 1))
            )
            quality = {10: "rejected", 20: "repaired"}.get(k, "measured")
            value, reason = (None, "blurred") if quality == "rejected" else (total_wh / 1000, None)
            rows["readings"].append(
                (
                    start,
                    key(start, k),
                    value,
                    quality,
                    reason,
                    f"{total_wh:07d}",
                    None if value is None else 0.97,
                )
            )
            total_wh += energy_wh


def local_starts(local_date: date) -> list[datetime]:
    zone = ZoneInfo(BERLIN)
    start, end = (
        datetime.combine(local_date + timedelta(days=days), datetime.min.time(), zone).astimezone(UTC)
        for days in (0, 1)
    )
    quarters = int((end - start) / timedelta(minutes=15))
    return [
        (start + k * timedelta(minutes=15)).astimezone(zone).replace(tzinfo=None) for k in range(quarters)
    ]


def key(start: datetime, number: int) -> str:
    return f"images/home/{start:%Y%m%d}/{start:%Y%m%d}_120000Z_{number:06d}.jpg"


def picture_url(picture_key: str) -> str:
    return picture_key.replace("images/", "pictures/")


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., pl.DataFrame]:
    return frame


@pytest.fixture(scope="session")
def household() -> type[Household]:
    return Household
