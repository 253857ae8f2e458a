"""docs/sql.md is what the warehouse answers."""

import re
from pathlib import Path

import pytest

from warehouse.connection import Warehouse

GUIDE = (Path(__file__).parents[2] / "docs" / "sql.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", GUIDE, flags=re.MULTILINE | re.DOTALL))


def test_every_view_has_its_section(seeded: Warehouse) -> None:
    views = seeded.sql("select view_name from duckdb_views() where schema_name = 'out'")
    assert set(views["view_name"]) == set(SECTIONS)


@pytest.mark.parametrize("view", sorted(SECTIONS))
def test_every_column_has_its_line_and_the_example_answers(seeded: Warehouse, view: str) -> None:
    columns = seeded.sql(f"from out.{view}").columns
    assert re.findall(r"^\| `(\w+)` \| \S", SECTIONS[view], flags=re.MULTILINE) == columns
    examples = re.findall(r"```sql\n(.*?)```", SECTIONS[view], flags=re.DOTALL)
    assert len(examples) == 1
    assert f"out.{view}" in examples[0]
    assert seeded.sql(examples[0]).width > 0
