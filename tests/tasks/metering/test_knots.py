import pytest

from tasks.metering.knots import choose_interpolation
from tasks.metering.register import Register

HOME = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
SMALL = Register("shed/1-0:1.8.0", digits=6, decimals=3, max_power_w=24_000)


@pytest.mark.parametrize(
    ("register", "interpolation", "says"),
    [
        (HOME, "ticks", "steps of 100 Wh"),
        (SMALL, "linear", "steps of 1 Wh"),
        (Register("a/b", 7, 1, 24_000, runs_backwards=True), "linear", "both ways"),
    ],
)
def test_the_interpolation_is_explained(register: Register, interpolation: str, says: str) -> None:
    chosen, sentence = choose_interpolation(register)
    assert chosen == interpolation
    assert says in sentence
