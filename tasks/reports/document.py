"""One HTML document: its template filled in, its style and scripts inside, nothing from elsewhere."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tasks.reports.figures import Figure
from tasks.reports.language import chart_locale, say, spoken
from tasks.reports.theme import DARK, LIGHT, css_variables, vega_config

HERE = Path(__file__).parent
CHART_LIBRARY = "charts.js"
Navigation = tuple[str, Sequence[tuple[str, str | None]]]


def document(
    template: str,
    *,
    title: tuple[str, str],
    lead: str,
    figures: Sequence[Figure] = (),
    navigations: Sequence[Navigation] = (),
    library: str | None = None,
    fingerprint: str | None = None,
    script: str = "page.js",
    **content: object,
) -> str:
    """Return a page as one HTML document.

    Args:
        template: Its file.
        title: Heading, and what it is about.
        lead: The line below.
        figures: Parts with charts.
        navigations: Named lists of other pages; the page itself has no address.
        library: Address of the chart library; without it the library is inside.
        fingerprint: Of what the page shows, to tell whether it has to be made anew.
        script: Its own program.
        content: What else the template asks for.
    """
    specs = {panel.name: panel.spec for figure in figures for panel in figure.panels}
    inside = [chart_library()] if specs and library is None else []
    scripts = [*inside, _text(script)]
    heading, subject = title
    return _environment().get_template(template).render(
        say=say,
        lang=spoken().code,
        title=f"{heading}: {subject}",
        heading=heading,
        subheading=subject,
        lead=lead,
        figures=figures,
        navigations=[(label, links) for label, links in navigations if links],
        fingerprint=fingerprint,
        style=_theme_rules() + _text("page.css"),
        script_files=[library] if specs and library else [],
        scripts=scripts,
        connects=script != "page.js",
        script_hashes=[_source_hash(script) for script in scripts],
        data=_json(_data(specs)),
        **content,
    )  # fmt: skip


def chart_library() -> str:
    """The program that draws charts, as a module."""
    return _vega_bundle()


def chart_library_file() -> str:
    """The same as a file of its own, which any page may load; it declares nothing but `vegaEmbed`."""
    return f"(() => {{\n{_vega_bundle()}\n}})();\n"


def _data(specs: Mapping[str, Any]) -> dict[str, Any]:
    if not specs:
        return {"specs": {}, "configs": {}, "locale": {}}
    configs = {"light": vega_config(LIGHT), "dark": vega_config(DARK)}
    return {"specs": specs, "configs": configs, "locale": chart_locale()}


def _json(value: dict[str, Any]) -> str:
    # With `<` escaped no string can close the script element or open a comment in it.
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


def _theme_rules() -> str:
    light, dark = css_variables(LIGHT), css_variables(DARK)
    return (
        f":root{{{light}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
        f":root[data-theme=dark]{{{dark}}}"
        f"@media print{{:root,:root:not(.screen){{{light}}}}}"
    )


@cache
def _vega_bundle() -> str:
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("\r\n", "\n")


@cache
def _source_hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
