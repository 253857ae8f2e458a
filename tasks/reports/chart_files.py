"""Charts as files: PNG, PDF or SVG, in the light theme and wide enough for paper."""

from typing import Any, Literal

import vl_convert

from tasks.reports.figures import Figure, Panel
from tasks.reports.language import chart_locale
from tasks.reports.theme import LIGHT, vega_config

Kind = Literal["png", "pdf", "svg"]
WIDTH, NARROW_WIDTH = 1000, 480
SCALE = 2.0


def chart_file(figure: Figure, panel: Panel, kind: Kind, *, scale: float = SCALE) -> bytes:
    """A chart as a file; its title is the figure's finding.

    Args:
        figure: The part of the page.
        panel: Its chart.
        kind: png, pdf or svg.
        scale: Pixels of a PNG for each of the page's.
    """
    spec = _standing_alone(figure, panel)
    locale = chart_locale()
    options: dict[str, Any] = {
        "format_locale": locale["formatLocale"],
        "time_format_locale": locale["timeFormatLocale"],
    }
    if kind == "svg":
        return vl_convert.vegalite_to_svg(spec, **options).encode()
    if kind == "pdf":
        data: bytes = vl_convert.vegalite_to_pdf(spec, **options)
        return data
    png: bytes = vl_convert.vegalite_to_png(spec, scale=scale, **options)
    return png


def _standing_alone(figure: Figure, panel: Panel) -> dict[str, Any]:
    """The specification with what the page gives it else: theme, width, title."""
    title = panel.caption or figure.title
    return {
        **panel.spec,
        "width": NARROW_WIDTH if len(figure.panels) > 1 else WIDTH,
        "title": {"text": title.replace("\u00a0", " "), "anchor": "start", "offset": 16, "color": LIGHT.ink},
        "padding": 16,
        "config": {**vega_config(LIGHT), "background": LIGHT.card},
    }
