"""The register: one counter on a meter's face, its drums, its unit and its span."""

from dataclasses import dataclass

MAX_DIGITS = 12
MAX_DECIMALS = 3
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Register:
    """One counter of a meter: all its drums from left to right, and how many of them are decimals of a kWh.

    Args:
        register_id: `<meter>/<obis>`, for example `home/1-0:1.8.0`.
        digits: drums, decimals included.
        decimals: how many of the drums stand right of the decimal point (0 to 3).
        max_power_w: what the fuses let through; no reading may imply more.
        runs_backwards: the meter has no ratchet and counts down while the house feeds in.

    Raises:
        ValueError: when no counter can look like this.
    """

    register_id: str
    digits: int
    decimals: int
    max_power_w: int
    runs_backwards: bool = False

    def __post_init__(self) -> None:
        """Refuse a counter that cannot exist."""
        if not 1 <= self.digits <= MAX_DIGITS:
            raise ValueError(f"A register has 1 to {MAX_DIGITS} digits, not {self.digits}.")
        if not 0 <= self.decimals <= min(MAX_DECIMALS, self.digits):
            raise ValueError(
                f"{self.digits} digits cannot hold {self.decimals} decimals; 0 to {MAX_DECIMALS} can be."
            )
        if self.max_power_w <= 0:
            raise ValueError(
                f"max_power_w is what the fuses let through, so above 0, not {self.max_power_w}."
            )

    @property
    def unit_wh(self) -> int:
        """One step of the last drum, in Wh."""
        return int(10 ** (3 - self.decimals))

    @property
    def span_units(self) -> int:
        """How many different readings the drums can show."""
        return int(10**self.digits)

    @property
    def span_wh(self) -> int:
        """The energy after which the register shows the same reading again, in Wh."""
        return self.span_units * self.unit_wh

    def max_energy_wh(self, seconds: int) -> int:
        """The energy the fuses let through in this time, in Wh, rounded up."""
        return -(-self.max_power_w * seconds // SECONDS_PER_HOUR)


def energy_between(earlier_wh: int, later_wh: int, register: Register) -> int:
    """Energy counted between two readings, across at most one rollover, in Wh."""
    return later_wh - earlier_wh + (register.span_wh if later_wh < earlier_wh else 0)


def format_reading(value_wh: int, register: Register) -> str:
    """The reading as the drums show it, with its decimal point: `036109.7` (kWh)."""
    drums = str(value_wh // register.unit_wh).zfill(register.digits)
    whole = register.digits - register.decimals
    return f"{drums[:whole] or '0'}.{drums[whole:]}" if register.decimals else drums
