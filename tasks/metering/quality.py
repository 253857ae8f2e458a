"""How far a reading can be trusted, and why one is not."""

from enum import StrEnum


class ReadingQuality(StrEnum):
    """What became of a recognition: which reading it gave, or that it gave none."""

    MEASURED = "measured"
    """The best candidate fits the series."""
    REPAIRED = "repaired"
    """A lower candidate fits the series."""
    ESTIMATED = "estimated"
    """Nobody read it; it was worked out from its neighbours."""
    MANUAL = "manual"
    """A person set it."""
    REJECTED = "rejected"
    """No reading; its reason says why."""


class RecognitionReason(StrEnum):
    """Why nothing could be read in a picture."""

    DARK = "dark"
    BLURRED = "blurred"
    NO_COUNTER = "no_counter"
    COVERED = "covered"
    CUT_OFF = "cut_off"
    MOVED = "moved"
    UNREADABLE_PICTURE = "unreadable_picture"


class RejectionReason(StrEnum):
    """Why something was read and is no reading."""

    NO_CANDIDATE_FITS = "no_candidate_fits"
    """Every candidate contradicts the series: it falls, or more than the fuses let through."""
    DOUBTFUL = "doubtful"
    """A candidate fits, but rejecting it or another candidate is nearly as likely."""
    SAME_INSTANT = "same_instant"
    """Another picture of the same second already gave the reading."""
    WRONG_NUMBER_OF_DIGITS = "wrong_number_of_digits"
    """No candidate has as many digits as the register has drums."""
