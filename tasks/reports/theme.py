"""The report's look: one palette per theme, shared by the page's style sheet and the charts."""

from dataclasses import asdict, dataclass, fields
from typing import Any

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'
# Where it can be read without turning the head.
UNIT_ABOVE_THE_AXIS = {
    "labelPadding": 6,
    "titleAlign": "left",
    "titleAnchor": "end",
    "titleAngle": 0,
    "titleBaseline": "bottom",
    "titleX": 0,
    "titleY": -8,
}
QUALITIES = ("measured", "repaired", "estimated", "rejected", "missing")


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one theme; the five qualities stay apart for colour-blind readers and in grey print."""

    page: str
    card: str
    ink: str
    muted: str
    line: str
    accent: str
    measured: str
    repaired: str
    estimated: str
    rejected: str
    missing: str
    usual: str
    second: str
    third: str
    ramp: tuple[str, ...]


LIGHT = Palette(
    page="#f4f6f8",
    card="#ffffff",
    ink="#17212b",
    muted="#566370",
    line="#dde3e9",
    accent="#0b5fa5",
    measured="#1769aa",
    repaired="#46bfa8",
    estimated="#b5d3ee",
    rejected="#c2410c",
    missing="#67717b",
    usual="#8794a1",
    second="#b45309",
    third="#6d4fa3",
    ramp=("#e6eff8", "#a9cde8", "#4f97cd", "#155a9c", "#08264d"),
)
DARK = Palette(
    page="#0f1419",
    card="#182028",
    ink="#e8edf2",
    muted="#a3b0bd",
    line="#2c3742",
    accent="#7cc0f5",
    measured="#4d9fdd",
    repaired="#a5eedb",
    estimated="#2f5478",
    rejected="#f2803f",
    missing="#77828d",
    usual="#738190",
    second="#f0a35e",
    third="#b79ce0",
    ramp=("#1f2f3f", "#1d5381", "#2f88c8", "#86c5f1", "#eef8ff"),
)


def css_variables(palette: Palette) -> str:
    """Return the palette as CSS custom properties."""
    names = (field.name for field in fields(palette) if field.name != "ramp")
    return "".join(f"--{name}:{getattr(palette, name)};" for name in names)


def vega_config(palette: Palette) -> dict[str, Any]:
    """Return the Vega-Lite configuration of a theme.

    Charts name a colour by its parameter (`colour("estimated")`), so one specification serves both themes.
    """
    colours = asdict(palette)
    ramp = list(colours.pop("ramp"))
    return {
        "axis": {
            "domain": False,
            "gridColor": palette.line,
            "labelColor": palette.muted,
            "labelFontSize": 11.5,
            "ticks": False,
            **_title_style(palette),
        },
        "axisX": {"grid": False, "labelPadding": 6},
        "axisY": UNIT_ABOVE_THE_AXIS,
        "background": "transparent",
        "font": FONT,
        "legend": {
            "labelColor": palette.ink,
            "labelFontSize": 12,
            "offset": 28,
            "orient": "top",
            "symbolSize": 110,
            "symbolType": "square",
            **_title_style(palette),
        },
        "params": [{"name": colour(name), "value": value} for name, value in colours.items()],
        "range": {"heatmap": ramp, "ramp": ramp},
        "text": {"color": palette.ink, "fontSize": 12},
        "view": {"stroke": None},
    }


def _title_style(palette: Palette) -> dict[str, Any]:
    return {"titleColor": palette.muted, "titleFontSize": 11.5, "titleFontWeight": "normal"}


def colour(name: str) -> str:
    """Return the expression that stands for a colour of the palette in a specification."""
    return f"colour_{name}"
