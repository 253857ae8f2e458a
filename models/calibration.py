"""What the network's shares are worth: fitted on meters held out of training, kept beside the weights."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE_NAME = "calibration.json"
_LEAST = 1e-6

Curve = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Calibration:
    """How shares become probabilities, and where the reader stops looking or refuses.

    A curve is `(slope, offset)` of a Platt scaling: the log-odds of being right are `slope` times those of
    the share, plus `offset`. Fitted on best candidates; what it leaves, the others divide as they did before.

    Args:
        sure_above: A window whose first look gives a share this high is not looked at again.
        sure: The curve for windows looked at once.
        unsure: The curve for windows that a second round of looks settled.
        doubtful: The curve for windows that took all rounds.
        refuse_below: A best candidate less probable than this is no reading.
        fitted_on: What it was fitted on, for people.
    """

    sure_above: float = 0.95
    sure: Curve = (1.0, 0.0)
    unsure: Curve = (1.0, 0.0)
    doubtful: Curve = (1.0, 0.0)
    refuse_below: float = 0.0
    fitted_on: str = "nothing: shares as they are"

    def probabilities(self, shares: NDArray[np.float64], rounds: int) -> NDArray[np.float64]:
        """The probability that each candidate is right.

        Args:
            shares: Of the candidates, from the highest to the lowest.
            rounds: How many rounds of looks they come from.
        """
        if not len(shares):
            return shares
        best = curve_at(self.curve_after(rounds), shares[:1])
        rest = shares[1:] * (1 - best) / max(1 - float(shares[0]), _LEAST)
        return np.concatenate([best, np.minimum(rest, best)])

    def curve_after(self, rounds: int) -> Curve:
        """The curve for windows that took so many rounds of looks."""
        return (self.sure, self.unsure, self.doubtful)[min(rounds, 3) - 1]


def curve_at(curve: Curve, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probabilities that a curve gives to shares."""
    return 1 / (1 + np.exp(-curve[0] * log_odds(shares) - curve[1]))


def log_odds(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of the odds, kept finite."""
    share = np.clip(shares, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(share) - np.log1p(-share), np.float64)


def load_calibration(folder: Path) -> Calibration:
    """The calibration beside some weights; shares as they are where there is none.

    Raises:
        ValueError: When the file is none.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return Calibration()
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        # Earlier readers had one curve for all windows looked at more than once.
        curves = {"doubtful": values["unsure"]} | values
        return Calibration(**values | {name: tuple(curves[name]) for name in ("sure", "unsure", "doubtful")})
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is no calibration: fit it anew.") from error


def save_calibration(folder: Path, calibration: Calibration) -> None:
    """Writes a calibration beside the weights that it belongs to."""
    text = json.dumps(asdict(calibration), indent=2)
    (folder / FILE_NAME).write_text(text + "\n", encoding="utf-8")
