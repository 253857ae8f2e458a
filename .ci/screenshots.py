"""Makes the site's pictures from the demo: its report, large and on a phone, and Prefect's page of its runs.

    .venv/bin/smartmeter demo --days 30 --home var/demo
    .venv/bin/python .ci/screenshots.py [--home var/demo] [--out docs/pictures]

It needs Chromium, by its own name or in CHROMIUM.
"""

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from flows.backend import export_environment, free_port, start_server, stop
from flows.report_page import report_page

DESKTOP, PHONE = (1280, 800), (360, 740)


def main() -> None:
    """Take each picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path("var/demo"))
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    export_environment(options.home, quiet=True)
    site, ui = free_port(), free_port()
    server = start_server(options.home, ui, ui=True)
    report, runs = f"http://127.0.0.1:{site}/", f"http://127.0.0.1:{ui}/runs"
    try:
        with report_page(options.home / "site", site), sync_playwright() as playwright:
            chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for name, address, (width, height) in (
                ("report", report, DESKTOP),
                ("report-phone", report, PHONE),
                ("runs", runs, DESKTOP),
            ):
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
                take(page, address, options.out / f"{name}.png")
            browser.close()
    finally:
        stop(server)


def take(page: Page, address: str, path: Path) -> None:
    """A picture of what a page shows once it has come to rest."""
    page.goto(address, wait_until="networkidle")
    page.wait_for_timeout(3000)  # pages fade in
    page.screenshot(path=path)
    print(path)


if __name__ == "__main__":
    main()
