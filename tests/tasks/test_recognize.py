import pytest

from models.recognizer import Candidate, Recognition
from tasks.recognize import candidate_rows


@pytest.mark.parametrize(
    ("text", "value"),
    [("0036109", 36109), ("036109", None), ("00361097", None), ("003610²", None), ("", None)],
)
def test_only_a_text_with_every_drum_has_a_value(text: str, value: int | None) -> None:
    seen = Recognition((Candidate(text, half_step=False, probability=0.5),), None, "reader", "1", 1.0)
    assert [row["value_units"] for row in candidate_rows("key", seen, 7)] == [value]
