from decimal import Decimal

import polars as pl
import pytest

from tasks.reports.data import as_float


@pytest.mark.parametrize(
    ("figure", "number"),
    [
        (pl.Series([1, 2, 6]).median(), 2.0),
        (pl.Series([Decimal("1.5"), Decimal("2.5")]).max(), 2.5),
        (pl.Series([], dtype=pl.Float64()).mean(), 0.0),
        (pl.Series([None], dtype=pl.Int64()).max(), 0.0),
    ],
)
def test_a_figure_of_a_column_is_a_number(figure: object, number: float) -> None:
    assert as_float(figure) == number
