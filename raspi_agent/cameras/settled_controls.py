"""What a camera has settled on once a day and keeps in between, so that pictures can be compared."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from raspi_agent import durable

_EXPOSURE_TOLERANCE = 0.05  # sensors count exposure in lines and gain in steps
_COLOUR_TOLERANCE = 0.02
_LENS_TOLERANCE_DIOPTRES = 0.05


@dataclass(frozen=True, slots=True)
class SettledControls:
    """A camera's own choice; None for what it cannot choose.

    Attributes:
        exposure_us: how long the sensor looks.
        analogue_gain: how much it amplifies.
        colour_gains: of red and of blue.
        lens_dioptres: where its lens stands: 1 / metres.
    """

    exposure_us: int | None = None
    analogue_gain: float | None = None
    colour_gains: tuple[float, float] | None = None
    lens_dioptres: float | None = None

    def agree_with(self, metadata: Mapping[str, Any]) -> bool:
        """Whether a frame with this metadata, named as libcamera does, was taken with these controls."""
        gains = metadata.get("ColourGains", self.colour_gains) or ()
        return (
            _close(self.exposure_us, metadata.get("ExposureTime"), relative=_EXPOSURE_TOLERANCE)
            and _close(self.analogue_gain, metadata.get("AnalogueGain"), relative=_EXPOSURE_TOLERANCE)
            and _close(self.lens_dioptres, metadata.get("LensPosition"), absolute=_LENS_TOLERANCE_DIOPTRES)
            and all(
                _close(wanted, used, relative=_COLOUR_TOLERANCE)
                for wanted, used in zip(self.colour_gains or (), gains, strict=False)
            )
        )


def settled_from(metadata: Mapping[str, Any]) -> SettledControls:
    """What a frame with this metadata was taken with."""
    gains = metadata.get("ColourGains")
    return SettledControls(
        exposure_us=metadata.get("ExposureTime"),
        analogue_gain=metadata.get("AnalogueGain"),
        colour_gains=(float(gains[0]), float(gains[1])) if gains else None,
        lens_dioptres=metadata.get("LensPosition"),
    )


def load_settled(path: Path, day: date, configuration: Mapping[str, Any]) -> SettledControls | None:
    """What was settled on that day in that configuration, None when it was another or the file is broken."""
    try:
        fields = json.loads(path.read_bytes())
        if fields["day"] != day.isoformat() or fields["configuration"] != configuration:
            return None
        settled = dict(fields["settled"])
        gains = settled.get("colour_gains")
        return SettledControls(**{**settled, "colour_gains": tuple(gains) if gains else None})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save_settled(path: Path, day: date, configuration: Mapping[str, Any], settled: SettledControls) -> None:
    """Remember it across restarts.

    Raises:
        OSError: the disk refuses.
    """
    fields = {"day": day.isoformat(), "configuration": configuration, "settled": asdict(settled)}
    durable.make_folder(path.parent)
    durable.replace(path, json.dumps(fields, indent=1).encode())


def _close(wanted: float | None, used: float | None, *, relative: float = 0, absolute: float = 0) -> bool:
    return wanted is None or used is None or math.isclose(wanted, used, rel_tol=relative, abs_tol=absolute)
