"""Makes the picture of the README and the site from the demo: its report.

    .venv/bin/smartmeter demo --days 30 --home var/demo
    .venv/bin/python .ci/screenshots.py [--home var/demo] [--out docs/pictures]

It needs Chromium, by its own name or in CHROMIUM.
"""

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from flows.backend import free_port
from flows.report_page import report_page


def main() -> None:
    """Take the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path("var/demo"))
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    port, target = free_port(), options.out / "report.png"
    with report_page(options.home / "site", port), sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1010}, color_scheme="light")
        page.goto(f"http://127.0.0.1:{port}/", wait_until="networkidle")
        page.wait_for_timeout(3000)  # pages fade in
        page.screenshot(path=target)
        browser.close()
    print(target)


if __name__ == "__main__":
    main()
