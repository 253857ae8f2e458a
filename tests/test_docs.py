"""What the documents say must be so."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from rich.text import Text
from typer.main import get_command
from typer.testing import CliRunner

from flows.cli import app
from flows.written import parse_reading
from models.picture import MOST_PIXELS
from models.rendering.strips import random_digits
from tasks.examine_settings import MOST_TAUGHT
from tasks.metering.register import Register

SEVEN = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
DOCUMENTS = [
    "README.md",
    *sorted(f"docs/{path.relative_to(ROOT / 'docs')}" for path in ROOT.glob("docs/**/*.md")),
]
COMMANDS = sorted(getattr(get_command(app), "commands"))  # noqa: B009  (typer's type hides it)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme_and_answers_help(command: str) -> None:
    assert f"`smartmeter {command}" in README
    answer = CliRunner().invoke(app, [command, "--help"])
    assert answer.exit_code == 0
    assert f"smartmeter {command}" in answer.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_no_words_in_brackets_for_they_are_taken_for_colours(command: str) -> None:
    told = list(_help_of(getattr(get_command(app), "commands")[command]))  # noqa: B009
    assert told == [Text.from_markup(each).plain for each in told]


def _help_of(command: object) -> Iterator[str]:
    for each in (command, *getattr(command, "params", ())):
        yield getattr(each, "help", None) or ""
    for inner in getattr(command, "commands", {}).values():
        yield from _help_of(inner)


def test_help_answers_without_loading_the_reader() -> None:
    code = """
        import os, sys
        from flows.cli import main
        sys.argv = ["smartmeter", "--help"]
        os._exit = lambda code: print(sys.modules.keys())
        main()
    """
    answer = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=True)
    assert "ingest" in answer.stdout
    assert not {"torch", "prefect"} & set(re.findall(r"'(\w+)'", answer.stdout))


def test_readings_in_the_readme_fit_the_meter_of_the_example() -> None:
    written = re.findall(r"(?:-reading |correct \S+\.jpg )([0-9.]+)", README)
    assert len(written) == 3
    assert {parse_reading(each, SEVEN) for each in written} == {36_109_700, 12_000}


def test_readme_names_no_command_that_is_not_there() -> None:
    named = set(re.findall(r"^\| `smartmeter ([a-z0-9-]+)", README, flags=re.MULTILINE))
    assert named == set(COMMANDS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_in_documents_have_the_options_that_they_are_given(document: str) -> None:
    for words in re.findall(r"smartmeter ([a-z][^`|#;\n]*)", (ROOT / document).read_text()):
        command: object = get_command(app)
        for word in words.split():
            command = getattr(command, "commands", {}).get(word, command)
        options = {option for each in getattr(command, "params") for option in each.opts}  # noqa: B009
        assert set(re.findall(r"(?<!\S)--[a-z-]+", words)) <= options | {"--help"}, f"{document}: {words}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_between_documents_lead_somewhere(document: str) -> None:
    path = ROOT / document
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", path.read_text()):
        there = path.parent / target if target else path
        assert there.exists(), f"{document} links to {target}"
        assert not anchor or anchor in anchors_of(there), f"{document} links to {target}#{anchor}"


def test_the_guide_silences_the_old_meter_also_before_the_watch_misses_it() -> None:
    told = re.findall(r"`smartmeter watch --silence (\S+ ?[^`]*)`", (ROOT / "docs/faq.md").read_text())
    assert len(told) == 2
    assert all("--days" in each for each in told), "without, only an open incident can be silenced"


def anchors_of(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).strip().replace(" ", "-") for each in headings}


def test_the_guide_names_the_limits_of_the_reader() -> None:
    drawn = {random_digits(np.random.default_rng(seed)) for seed in range(500)}
    assert (min(drawn), max(drawn)) == (4, MOST_TAUGHT)
    assert "Drums and displays of four to nine digits" in (ROOT / "docs/faq.md").read_text()
    assert "From four to nine drums." in (ROOT / "models/cards/trocr-meter-small.md").read_text()
    assert f"above {MOST_PIXELS // 1_000_000} million pixels" in (ROOT / "docs/security.md").read_text()
