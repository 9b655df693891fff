"""The browser of the page tests: `setup_browser.py`, which `make test` runs first, finds or installs it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

# Programs that the tests run in a process of their own; they import each other by name.
collect_ignore_glob = ["*_program.py", "whole_console.py"]

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium_path():
    """Return the path of a Chromium; a missing one is a failure, never a skip."""
    here = Path(__file__).parent / "setup_browser.py"
    spec = importlib.util.spec_from_file_location("setup_browser", here)
    setup = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(setup)
    path = setup.find()
    if path is None:
        pytest.fail("no Chromium: run `make browser`")
    return path


@pytest.fixture(scope="module")
def browser(chromium_path):
    """Return a headless browser for one file of tests.

    Not for the whole run: while its driver lives, an event loop runs in this thread and no other may.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield running
        running.close()
