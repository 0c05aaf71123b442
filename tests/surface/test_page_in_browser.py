"""The page as a reader meets it: first screen, phone, keyboard, rules of accessibility, print.

Collected where MGBAYES_BROWSER names a Chromium.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.conftest import ROOT
from tests.toy_results import HOSTILE, hostile_study, toy_results


@pytest.fixture(scope="module", name="folder", params=["toy", "litchman2020"])
def _folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the toy, and the committed one of the embedded study."""
    if request.param != "toy":
        return ROOT / "reports" / str(request.param)
    folder = tmp_path_factory.mktemp("page") / "out"
    toy_results().write(folder)
    return folder


@pytest.fixture(name="page")
def _page(browser: Browser, folder: Path) -> Iterator[Page]:
    yield from _open(browser, folder / "report.html", 1280, 800)


def _open(browser: Browser, file: Path, width: int, height: int) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": width, "height": height})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    yield page
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    page.close()


def _bottom(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def test_the_first_screen_holds_answer_figure_and_table(page: Page) -> None:
    for selector in (".lead", "#figure-main_outcomes", "table.findings"):
        assert 0 < _bottom(page, selector) <= 800


def test_every_figure_is_there_and_decoded(page: Page, folder: Path) -> None:
    assert page.locator("img").count() == len(list((folder / "figures").glob("*.svg"))) > 0
    page.evaluate("Promise.all([...document.images].map(image => image.decode()))")


def test_a_phone_needs_no_sideways_scrolling(browser: Browser, folder: Path) -> None:
    for width in (390, 800):
        for page in _open(browser, folder / "report.html", width, 844):
            page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_axe_finds_no_violation_with_details_closed_or_open(page: Page) -> None:
    for opened in (False, True):
        page.evaluate(
            "open => document.querySelectorAll('details').forEach(part => part.open = open)", opened
        )
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_every_fold_opens_by_the_keyboard(page: Page) -> None:
    closed = page.locator("details:not([open])").count()
    assert closed >= 5
    reached = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "() => { const e = document.activeElement; return e.tagName == 'SUMMARY' ? e.textContent : '' }"
        )
        if here in reached:
            break
        if here:
            page.keyboard.press("Enter")
            reached.add(here)
    assert page.locator("details:not([open])").count() == 0


def test_tables_have_scopes_and_captions_and_figures_text(page: Page) -> None:
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("figure:not(:has(figcaption))").count() == 0
    assert page.locator("img:not([alt]), img[alt='']").count() == 0


def test_no_figure_and_no_sentence_stands_twice(page: Page) -> None:
    figures = page.evaluate("[...document.querySelectorAll('figure')].map(figure => figure.id)")
    assert len(figures) == len(set(figures))
    texts = page.evaluate("[...document.querySelectorAll('p, li')].map(part => part.textContent.trim())")
    sentences = Counter(part for text in texts for part in re.split(r"(?<=\.) ", text) if len(part) > 40)
    assert [text for text, times in sentences.items() if times > 1] == []


def test_every_figure_has_its_data_beside_it(folder: Path) -> None:
    drawn = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert drawn == {path.stem for path in (folder / "figures").glob("*.csv")}
    for path in (folder / "figures").glob("*.csv"):
        assert len(pd.read_csv(path)) > 0


def test_it_prints_on_few_pages(page: Page, tmp_path: Path) -> None:
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    pages = len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "page.pdf").read_bytes()))
    assert 1 <= pages <= 12


def test_what_looks_like_markup_is_text(browser: Browser, tmp_path: Path) -> None:
    file = toy_results(hostile_study()).to_html(tmp_path / "hostile.html")
    for page in _open(browser, file, 1280, 800):
        assert page.locator("h1").text_content() == HOSTILE
        assert page.locator("h1 b").count() == 0
