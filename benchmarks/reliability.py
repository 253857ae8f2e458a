"""The reliability diagram of the reader's probabilities, from what the stage `calibrate` measured.

python -m models.training calibrate --home var/training
python benchmarks/reliability.py var/training/reliability.json docs/reliability.svg
"""

import argparse
import json
from pathlib import Path

import altair as alt
import polars as pl

_CALLED = {
    "drawn": "drawn afresh",
    "fonts": "unseen fonts",
    "drums": "unseen meters",
    "harsh": "hidden drums",
}


def diagram(rows: dict[str, list[list[float]]]) -> alt.LayerChart | alt.FacetChart:
    """Share of readings right against the probability said, a line for each kind of strips."""
    points = pl.DataFrame(
        [
            {"strips": _CALLED.get(kind, kind), "said": said, "right": right, "share": share}
            for kind, bins in rows.items()
            for said, right, share in bins
        ]
    )
    said = alt.X("said:Q", title="probability said", scale=alt.Scale(domain=[0, 1]))
    right = alt.Y("right:Q", title="share right", scale=alt.Scale(domain=[0, 1]))
    colour = alt.Color("strips:N", title="strips").legend(orient="bottom", columns=2)
    base = alt.Chart(points).encode(said, right, colour)
    sizes = alt.Size("share:Q", title="share of strips").legend(None)
    ideal = pl.DataFrame({"said": [0.0, 1.0], "right": [0.0, 1.0]})
    diagonal = alt.Chart(ideal).mark_line(strokeDash=[4, 4], color="grey").encode(said, right)
    layers = alt.layer(diagonal, base.mark_line(), base.mark_circle(opacity=1).encode(sizes))
    return layers.properties(width=320, height=320)


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("measured", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    diagram(json.loads(arguments.measured.read_text(encoding="utf-8"))).save(arguments.target)
    print(f"Wrote {arguments.target}")


if __name__ == "__main__":
    main()
