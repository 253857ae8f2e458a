from pathlib import Path

import pytest

from tasks.examine_settings import examine_digits, examine_media
from tasks.settings import MeterSettings, Settings
from tasks.settings_tables import ReaderSettings


@pytest.mark.parametrize(
    ("code", "medium"),
    [("1-0:1.8.0", None), ("1-0:2.8.0", None), ("7-0:3.0.0", "gas"), ("8-0:1.0.0", "water")],
)
def test_a_register_of_another_medium_is_told(tmp_path: Path, code: str, medium: str | None) -> None:
    settings = Settings(home=tmp_path, meters={"one": MeterSettings(camera="one", digits=7, obis_code=code)})
    found = [(each.name, each.sentence) for each in examine_media(settings)]
    said = f"one/{code} counts {medium}, but everything counted is told as kWh of electricity."
    assert found == ([("settings", said)] if medium else [])


@pytest.mark.parametrize(
    ("digits", "model", "told"), [(9, "builtin", False), (10, "builtin", True), (10, "mine", False)]
)
def test_more_digits_than_the_built_in_reader_knows_are_told(
    tmp_path: Path, digits: int, model: str, told: bool
) -> None:
    meter = MeterSettings(camera="one", digits=digits)
    settings = Settings(home=tmp_path, meters={"one": meter}, reader=ReaderSettings(model=model))
    said = f"one/1-0:1.8.0 has {digits} digits, and the built-in reader knows up to 9."
    assert [each.sentence for each in examine_digits(settings)] == ([said] if told else [])
