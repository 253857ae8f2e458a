"""Light for the time of a picture, and off again whatever happens."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from raspi_agent.light import Light, LightError

_log = logging.getLogger(__name__)


@contextmanager
def lit(
    light: Light | None,
    *,
    settle_s: float,
    longest_on_s: float,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[str]:
    """Light within the block: yields `on`, `failed` when the lamp does not obey, `none` without one.

    Args:
        light: The lamp, None without one.
        settle_s: How long it takes to be steady.
        longest_on_s: After so long it goes off even if the block hangs.
        sleep: What waiting is.
    """
    if light is None:
        yield "none"
        return
    timer = threading.Timer(longest_on_s, turn_off, [light])
    timer.daemon = True
    timer.start()
    try:
        state = "on"
        try:
            light.on()
            sleep(settle_s)
        except LightError as error:
            state = "failed"
            _log.warning("the picture is taken without light: %s", error)
        yield state
    finally:
        timer.cancel()
        turn_off(light)


def turn_off(light: Light | None) -> bool:
    """Switch the lamp off; False, and a line in the log, when it does not obey."""
    try:
        if light is not None:
            light.off()
    except LightError as error:
        _log.warning("the lamp may still be on: %s", error)
        return False
    return True
