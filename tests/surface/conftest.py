"""The browser that ``MGBAYES_BROWSER`` names, one for all files that ask for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session", name="browser")
def _browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    name = os.environ["MGBAYES_BROWSER"]
    found = shutil.which(name)
    assert found, f"{name} is not installed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
