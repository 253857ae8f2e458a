"""Whose pictures a camera takes, once the settings name it otherwise."""

import shutil
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from tests.warehouse.conftest import set_to
from warehouse.connection import Warehouse, open_warehouse
from warehouse.loading import load_pictures, load_registers
from warehouse.migrate import RELEASED, migrate

REGISTER: dict[str, Any] = {"register_id": "home/1-0:1.8.0"}
EVERYTHING: dict[str, Any] = {"from_at": None, "to_at": None, "reader": "another", "reader_version": "1"}


def pictures_known(warehouse: Warehouse) -> list[object]:
    """All that tells of a register's pictures."""
    for table in ("quality_day", "rhythm_day"):
        warehouse.execute(f"delete_{table}", **REGISTER, since=None)
        warehouse.execute(f"insert_{table}", **REGISTER, since=None)
    named = warehouse.sql("select picture_key from raw.pictures order by all limit 1").item()
    return [
        warehouse.sql("from core.quality_day order by all").rows(),
        warehouse.sql("from core.rhythm_day order by all").rows(),
        warehouse.query("reread_pictures", **REGISTER, **EVERYTHING).rows(),
        warehouse.query("run_summary", **REGISTER).rows(),
        warehouse.query("proof_in_doubt", meter="home", limit=10).rows(),
        warehouse.query("find_picture", name=named).rows(),
        warehouse.sql("select reason, count(*) from out.pictures group by all order by all").rows(),
    ]


def test_a_camera_of_another_name_takes_no_pictures_away(seeded: Warehouse, seeds: ModuleType) -> None:
    before = pictures_known(seeded)
    for camera in ("attic", "garage", "cellar", "attic"):
        set_to(seeded, camera=camera)
        assert pictures_known(seeded) == before
    cameras = seeded.sql("select camera, isfinite(until_at) from core.cameras order by all")
    assert cameras.rows() == [("attic", False), ("cellar", True), ("garage", True)]


def test_what_a_former_camera_takes_later_shows_no_register(warehouse: Warehouse, seeds: ModuleType) -> None:
    load_pictures(warehouse, seeds.pictures([0, 1]))
    set_to(warehouse, camera="attic")
    later = pl.col("taken_at") + timedelta(days=40_000)
    late = seeds.pictures([2, 3]).with_columns(
        taken_at=pl.when(seeds.hour_of() == 3).then(later).otherwise("taken_at")
    )
    load_pictures(warehouse, late)
    reasons = warehouse.sql("select reason from out.pictures order by picture_key")["reason"].to_list()
    assert reasons == [None, None, None, "unknown_camera"]
    assert warehouse.query("unread_pictures", **REGISTER, since=None).height == 3


def pictures_of_meters(
    warehouse: Warehouse, seeds: ModuleType, phases: list[dict[str, str]]
) -> dict[str, list[str]]:
    """Which pictures show each meter, where every camera takes one between two changes of the settings."""
    warehouse.script("delete from core.registers")
    shot = pl.col("taken_at") + timedelta(days=40_000)
    for number, cameras in enumerate(phases):
        tables = (
            seeds.registers().with_columns(
                register_id=pl.lit(f"{meter}/1-0:1.8.0"), meter=pl.lit(meter), camera=pl.lit(camera)
            )
            for meter, camera in cameras.items()
        )
        load_registers(warehouse, pl.concat(tables))
        for camera in ("cellar", "roof"):
            taken = seeds.pictures([number]).with_columns(
                camera=pl.lit(camera),
                picture_key=pl.lit(f"{camera} {number}"),
                taken_at=shot if number else "taken_at",
            )
            load_pictures(warehouse, taken)
    listed = warehouse.sql(
        "select g.meter, list(p.picture_key order by p.picture_key) from core.cameras g "
        "join raw.pictures p on p.camera = g.camera and p.taken_at >= g.from_at and p.taken_at < g.until_at "
        "group by g.meter"
    )
    for (register_id,) in warehouse.sql("select register_id from core.registers where place = 0").rows():
        unread = warehouse.query("unread_pictures", register_id=register_id, since=None)
        assert sorted(unread["picture_key"]) == dict(listed.rows())[register_id.partition("/")[0]]
    return dict(listed.rows())


APART, SWAPPED = {"main": "cellar", "sun": "roof"}, {"main": "roof", "sun": "cellar"}
CELLAR, ROOF = ["cellar 0", "cellar 1"], ["roof 0", "roof 1"]


@pytest.mark.parametrize(
    ("phases", "shown"),
    [
        ([APART, APART], {"main": CELLAR, "sun": ROOF}),
        ([APART, SWAPPED], {"main": ["cellar 0", "roof 1"], "sun": ["cellar 1", "roof 0"]}),
        (
            [APART, SWAPPED, APART],
            {"main": ["cellar 0", "cellar 2", "roof 1"], "sun": ["cellar 1", "roof 0", "roof 2"]},
        ),
        ([{"main": "cellar"}, SWAPPED], {"main": ["cellar 0", *ROOF], "sun": ["cellar 1"]}),
        (
            [{"main": "cellar"}, {"main": "roof"}, SWAPPED],
            {"main": ["cellar 0", "roof 0", "roof 1", "roof 2"], "sun": ["cellar 1", "cellar 2"]},
        ),
        ([APART, {"sun": "cellar"}], {"main": CELLAR, "sun": ["cellar 1", "roof 0"]}),
        ([{"main": "cellar"}, {"house": "cellar"}], {"main": CELLAR, "house": CELLAR}),  # another name for it
        ([{"main": "cellar"}, {"main": "cellar", "sun": "cellar"}], {"main": CELLAR, "sun": CELLAR}),
        (
            [
                {"main": "cellar", "sun": "cellar"},
                {"main": "roof", "sun": "roof"},
            ],  # one camera, another name
            {"main": ["cellar 0", *ROOF], "sun": ["cellar 0", *ROOF]},
        ),
        (
            [{"old": "cellar"}, {"main": "cellar"}, {"main": "roof"}, {"main": "cellar"}],
            {
                "old": [*CELLAR, "cellar 2", "cellar 3"],
                "main": [*CELLAR, "cellar 2", "cellar 3", *ROOF, "roof 2"],
            },
        ),
        ([{"main": "cellar"}, {"main": "roof"}, {"main": "cellar"}], {"main": [*CELLAR, "cellar 2", *ROOF]}),
        (
            [APART, SWAPPED, {"main": "hall", "sun": "hut"}, {"main": "roof", "sun": "hut"}],
            {"main": ["cellar 0", "roof 1", "roof 2", "roof 3"], "sun": ["cellar 1", "roof 0"]},
        ),
    ],
)
def test_a_camera_moved_to_another_meter_leaves_its_pictures_behind(
    warehouse: Warehouse, seeds: ModuleType, phases: list[dict[str, str]], shown: dict[str, list[str]]
) -> None:
    assert pictures_of_meters(warehouse, seeds, phases) == shown


def test_a_camera_renamed_before_the_upgrade_gets_its_pictures_back(
    tmp_path: Path, seeds: ModuleType
) -> None:
    before = tmp_path / "before"
    before.mkdir()
    for file in RELEASED.iterdir():
        if file.name < "0011" and file.name.endswith(".sql"):
            shutil.copyfile(str(file), before / file.name)
    with open_warehouse(tmp_path / "w.duckdb") as upgraded:
        migrate(upgraded, before)
        found = seeds.pictures(range(24))
        old = seeds.registers().drop("runs_backwards", "place").with_columns(camera=pl.lit("attic"))
        for name, frame in (
            ("core.registers", old),
            ("raw.pictures", found),
            ("raw.recognitions", seeds.recognitions(found)),
        ):
            upgraded.merge(name, frame, keys=frame.columns)
        migrate(upgraded)
        set_to(upgraded, camera="attic")
        assert upgraded.sql("select step from core.pending")["step"].to_list() == ["derive"]
        assert upgraded.query("reread_pictures", **REGISTER, **EVERYTHING).height == 24
