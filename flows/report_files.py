"""What `smartmeter report --export` writes: each chart as PNG and PDF, and each page as PDF."""

import shutil
import subprocess
from pathlib import Path

from rich.progress import track

from flows.commands.common import out
from tasks.report_data import gather
from tasks.reports.chart_files import chart_file
from tasks.reports.figures import Figure, Panel
from tasks.reports.language import speaking
from tasks.reports.page import page_figures
from tasks.settings import Settings
from tasks.site_files import page_names, write_whole
from warehouse.connection import open_warehouse

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PRINT_S = 120


def export_report(settings: Settings, folder: Path) -> None:
    """Write the charts of every meter, and its page, as files; say what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = page_names(sorted(settings.meters))
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    n_files = 0
    for meter, page in pages.items():
        n_files += _export_charts(settings, meter, folder)
        if browser is not None:
            print_page(browser, settings.site / page, folder / f"{meter}.pdf")
            n_files += 1
    out.print(f"Wrote {n_files} files: {folder}", highlight=False, soft_wrap=True)
    if browser is None:
        out.print("The page as PDF needs Chromium or Chrome; none was found.", style="yellow")


def print_page(browser: str, page: Path, target: Path) -> None:
    """Print a page as PDF.

    Raises:
        OSError: The browser failed.
    """
    options = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-pdf-header-footer",
        "--window-size=1180,900",
        "--virtual-time-budget=10000",
        f"--print-to-pdf={target.resolve()}",
    )
    command = [browser, *options, page.resolve().as_uri()]
    result = subprocess.run(command, capture_output=True, text=True, timeout=PRINT_S, check=False)  # noqa: S603 - a browser found on PATH, our own page
    if result.returncode or not target.is_file():
        raise OSError(f"{browser} did not print {page}: {result.stderr.strip()[-300:]}")


def _export_charts(settings: Settings, meter: str, folder: Path) -> int:
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        report = gather(warehouse, settings, meter)
    with speaking(report.language, fed_in=report.is_export):
        figures = page_figures(report)
        panels: list[tuple[Figure, Panel]] = [(each, panel) for each in figures for panel in each.panels]
        for figure, panel in track(panels, f"Drawing {meter}", console=out, disable=not out.is_terminal):
            write_whole(folder / f"{meter}-{panel.name}.png", chart_file(figure, panel, "png"))
            write_whole(folder / f"{meter}-{panel.name}.pdf", chart_file(figure, panel, "pdf"))
    return 2 * len(panels)
