"""The flow `evaluate` on a household's own corrected pictures, and on a labelled folder."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tasks.settings import SettingsError, load_settings
from tests.flows.conftest import read_by_an_oracle
from warehouse.connection import open_warehouse
from warehouse.events import Correction, correct

if TYPE_CHECKING:
    from tests.flows.conftest import DrawnMeter

REGISTER = "home/1-0:1.8.0"


def artifact(key: str) -> list[dict[str, object]]:
    from prefect import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
    from prefect.client.schemas.sorting import ArtifactSort

    only = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=only, sort=ArtifactSort.CREATED_DESC, limit=1)
    rows: list[dict[str, object]] = json.loads(str(found[0].data))
    return rows


@pytest.mark.prefect
def test_corrected_pictures_are_read_and_those_read_wrongly_are_named(
    prefect_server: str, drawn_meter: "DrawnMeter"
) -> None:
    from flows.evaluate import evaluate

    read_by_an_oracle(drawn_meter, 4)
    with open_warehouse(load_settings().warehouse) as warehouse:
        for number, told_wh in ((0, drawn_meter.value_wh(0)), (1, drawn_meter.value_wh(1)), (2, 100)):
            key, at = drawn_meter.key(number), drawn_meter.slot_at(number)
            correct(warehouse, Correction(REGISTER, key, at, told_wh, None))
        manual = Correction(REGISTER, "manual/x", drawn_meter.slot_at(3), 200, None)
        correct(warehouse, manual)
    (row,) = evaluate()
    assert (row["pictures of"], row["pictures"], row["refused"]) == (REGISTER, 3, 0)
    assert row["read right"] == pytest.approx(2 / 3, abs=1e-4)
    assert artifact("evaluation")[0]["pictures"] == 3
    (wrong,) = artifact("evaluation-wrong")
    assert (wrong["picture"], wrong["shows"]) == (drawn_meter.key(2), "0000001")


@pytest.mark.prefect
def test_a_labelled_folder_is_read_and_a_folder_without_labels_is_refused(
    prefect_server: str, drawn_meter: "DrawnMeter", tmp_path: Path
) -> None:
    from flows.evaluate import evaluate

    (tmp_path / "one.jpg").write_bytes(drawn_meter.picture(1))
    with pytest.raises(SettingsError, match="no labelled folder"):
        evaluate(directory=str(tmp_path))
    (tmp_path / "labels.csv").write_text("file,reading,state\none.jpg,0036112,ok\ngone.jpg,0000001,ok\n")
    (row,) = evaluate(directory=str(tmp_path))
    assert (row["pictures"], row["read right"], row["refused"]) == (2, 0.5, 1)
