"""Where a configured meter's register stands in its pictures."""

from models.window import Window, window_from_box
from tasks.settings import BOX_NUMBERS, MeterSettings


def window_of(meter: MeterSettings) -> Window | None:
    """Where the register stands in the meter's pictures; None when they are cut to it already."""
    if meter.window is None:
        return None
    if len(meter.window) == BOX_NUMBERS:
        x0, y0, x1, y1 = meter.window
        return window_from_box((x0, y0, x1, y1), meter.mirror, meter.rotation)
    x, y = meter.window[0::2], meter.window[1::2]
    return Window(((x[0], y[0]), (x[1], y[1]), (x[2], y[2]), (x[3], y[3])))
