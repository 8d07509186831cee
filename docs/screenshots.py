"""Pictures of the Dagster UI and of the report on the demo's data, for the README and the docs.

Run the demo first, then `python docs/screenshots.py`: it starts a webserver on the demo's instance, looks at it with
a headless Chromium, and stops it. `python docs/screenshots.py report` takes only the pictures of the report.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "img"
INCIDENT = "2024-01-17"
FIRST, LAST = "2024-01-08", "2024-01-21"


@contextmanager
def webserver(dagster_home: Path, data: Path) -> Iterator[str]:
    """A Dagster webserver on the demo's instance; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), "-w", "workspace.yaml"],
        cwd=ROOT,
        env={**os.environ, "DAGSTER_HOME": str(dagster_home), "DQX_DATA": str(data)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{address}/server_info", timeout=2).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("The Dagster webserver did not start.") from None
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def browser_page(width: int = 1500, height: int = 950) -> Iterator[Page]:
    """A page of a headless Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise RuntimeError("There is no Chromium on this machine.")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*quiet, "--no-first-run", "--disable-sync"]
        )
        try:
            yield browser.new_page(viewport={"width": width, "height": height})
        finally:
            browser.close()


def show_check_partitions(page: Page, address: str, asset: str, check: str, day: str, split: str) -> None:
    """Open the partitions tab of a check and choose one partition."""
    page.goto(f"{address}/assets/{asset}?view=checks&checkDetail={check}", wait_until="domcontentloaded")
    page.get_by_text("Execution history").first.wait_for(timeout=60_000)
    page.get_by_text("Partitions", exact=True).nth(1).click()
    days = page.locator("input[placeholder*='2024']").first
    days.fill(f"[{FIRST}...{LAST}]")
    days.press("Enter")
    page.get_by_text(day).first.click(timeout=30_000)
    page.get_by_text(split, exact=True).first.click()
    page.wait_for_timeout(2_500)


def show_lineage(page: Page, address: str, asset: str) -> None:
    """Open the lineage of an asset, as far as it goes."""
    page.goto(
        f"{address}/assets/{asset}?view=lineage&lineageScope=neighbors&lineageDepth=5", wait_until="domcontentloaded"
    )
    page.get_by_text(asset).first.wait_for(timeout=60_000)
    page.wait_for_timeout(5_000)


def picture_report(report: Path, images: Path) -> None:
    """The report by day, with an assertion that failed; and on a phone, by night."""
    with browser_page(1100, 1150) as page:
        page.goto(report.as_uri())
        page.screenshot(path=images / "report.png")
        page.set_viewport_size({"width": 390, "height": 844})
        page.emulate_media(color_scheme="dark")
        page.get_by_role("link", name="At least 60 % of yesterday's sales").click()
        page.screenshot(path=images / "report-phone.png")


def main(only: str | None = None) -> None:
    """Take every picture the docs show, or only those of the report."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    home, data = ROOT / ".dagster_home", ROOT / "data"
    picture_report(data / "report.html", IMAGES)
    if only == "report":
        return
    with webserver(home, data) as address, browser_page(width=1800) as page:
        show_check_partitions(
            page, address, "shop_daily", "volume__at_least_60_percent_of_yesterday_s_sales", INCIDENT, "train"
        )
        page.screenshot(path=IMAGES / "checks.png")
        show_lineage(page, address, "shop_daily")
        page.screenshot(path=IMAGES / "lineage.png")


if __name__ == "__main__":
    main(*sys.argv[1:2])
