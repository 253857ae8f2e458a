"""What the site needs beyond MkDocs: every decision in the menu, and links that leave docs/."""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
CARDS = "models/cards"
OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([^)#]+)(#[^)]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The menu without pages that are not there, and a folder in it as its pages."""
    config.nav = _present(config.nav or [], Path(config.docs_dir))
    return config


def _present(entries: list[Any], docs: Path) -> list[Any]:
    kept: list[Any] = []
    for entry in entries:
        ((name, target),) = entry.items()
        if isinstance(target, list):
            kept.append({name: _present(target, docs)})
        elif target.endswith("/"):
            pages = sorted((docs / target).glob("*.md"))
            kept.append({name: [each.relative_to(docs).as_posix() for each in pages]})
        elif (docs / target).is_file():
            kept.append(entry)
    return kept


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The reader's cards lie with the models; the site shows them too."""
    for card in sorted((ROOT / CARDS).glob("*.md")):
        files.append(File.generated(config, f"cards/{card.name}", content=card.read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Links to files that are not on the site become their names."""
    up = "../" * page.file.src_uri.count("/")

    def inside(link: re.Match[str]) -> str:
        text, target = link[1], link[2]
        path = (Path(config.docs_dir) / page.file.src_uri).parent / link[0].partition("](")[2].partition(")")[
            0
        ]
        if target.startswith(f"{CARDS}/"):
            return f"[{text}]({up}cards/{Path(target).name})"
        if path.resolve().is_relative_to(Path(config.docs_dir)):
            return link[0]
        return f"{text} (`{target}`)"

    return OUTSIDE.sub(inside, markdown)
