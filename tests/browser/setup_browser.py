"""Find the browser that the page tests drive, or install one; fail loudly where neither is possible.

Order: ``SATARK_TEST_CHROMIUM``; a Chromium or Chrome on this machine; the one that Playwright manages;
Debian's package (as root, with apt-get); `playwright install chromium`. ``make test`` runs this first, so
that a page test is never skipped silently.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Return the path of a browser that starts, or None."""
    wanted = os.environ.get("SATARK_TEST_CHROMIUM")
    candidates = [wanted] if wanted else [*map(shutil.which, NAMES), _playwright_path()]
    return next((path for path in candidates if path and _starts(path)), None)


def install() -> None:
    """Install a browser by Debian's package where that is possible, else by Playwright."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        packages = ["chromium", "fonts-noto-core"]
        for command in (
            ["apt-get", "update"],
            ["apt-get", "install", "-y", "--no-install-recommends", *packages],
        ):
            if subprocess.run([*command, "-q"], env=quiet, check=False, stdout=subprocess.DEVNULL).returncode:
                break
        else:
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> int:
    """Print where the browser is; 1 when there is none."""
    path = find()
    if path is None:
        print("No Chromium found; installing one for the page tests ...", flush=True)
        install()
        path = find()
    if path is None:
        print(
            "No Chromium could be found or installed. Install one (Debian: apt-get install chromium) "
            "or name one in SATARK_TEST_CHROMIUM.",
            file=sys.stderr,
        )
        return 1
    print(f"Browser for the page tests: {path}")
    return 0


def _starts(path: str) -> bool:
    """Tell whether the file is a browser that runs here (some distributions ship an empty stand-in)."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _playwright_path() -> str | None:
    """Return the path where Playwright keeps its own browser, if that is installed."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as driver:
        path = driver.chromium.executable_path
    return path if Path(path).exists() else None


if __name__ == "__main__":
    sys.exit(main())
