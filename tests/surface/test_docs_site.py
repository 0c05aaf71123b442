"""The documentation site builds without a warning, its links lead somewhere, and it needs no other host."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import mgbayes as mb
from tests.conftest import ROOT

pytestmark = pytest.mark.long

DOCS = ROOT / "docs"
FETCHED = {
    "img": ("src", "srcset"),
    "script": ("src",),
    "link": ("href",),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "object": ("data",),
    "embed": ("src",),
}
NAVIGATION = {"next", "prev", "index", "search", "genindex", "canonical"}
"""Relations of a ``link`` that a browser does not fetch."""


@dataclass
class Page(HTMLParser):
    """What a page fetches, where it leads, and the places in it to which a link can lead."""

    path: Path
    fetched: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    formulas: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        self.formulas += tag == "math"
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and given.get("rel") in NAVIGATION:
            self.links.append(given["href"])
            return
        self.fetched += [given[name] for name in FETCHED.get(tag, ()) if name in given]


@pytest.fixture(scope="module", name="site")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, as ``just docs`` builds it."""
    (line,) = re.findall(r"^docs:\n    (.*)$", (ROOT / "justfile").read_text("utf-8"), re.MULTILINE)
    words = line.split()
    assert words[0] == "sphinx-build"
    assert {"--fail-on-warning", "docs"} <= set(words)
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "sphinx", *words[1:-1], str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module", name="pages")
def _pages(site: Path) -> dict[Path, Page]:
    own = (path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts)
    return {path: Page(path) for path in own}


def test_every_page_of_the_repository_is_a_page_of_the_site(site: Path) -> None:
    made = {path.stem for path in site.glob("*.html")}
    assert {path.stem for path in DOCS.glob("*.md")} <= made


def test_a_page_fetches_only_files_of_the_site(site: Path, pages: dict[Path, Page]) -> None:
    for page in pages.values():
        assert page.fetched
        for address in page.fetched:
            parts = urlsplit(address)
            assert not parts.scheme, address
            assert not parts.netloc, address
            assert (page.path.parent / unquote(parts.path)).is_file(), f"{page.path.name}: {address}"
    for sheet in site.rglob("*.css"):
        for address in re.findall(r"url\(['\"]?([^)'\"]+)|@import ['\"]([^'\"]+)", sheet.read_text("utf-8")):
            parts = urlsplit("".join(address))
            assert parts.scheme in ("", "data"), address
            assert not parts.netloc, address


def test_every_link_leads_to_a_place_that_is_there(site: Path, pages: dict[Path, Page]) -> None:
    for page in pages.values():
        for address in page.links:
            parts = urlsplit(address)
            if parts.scheme or address == "#":
                continue
            target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
            assert target.is_file(), f"{page.path.name}: {address}"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].places, f"{page.path.name}: {address}"


def test_formulas_are_mathml(pages: dict[Path, Page]) -> None:
    (methods,) = (page for page in pages.values() if page.path.name == "methods.html")
    assert methods.formulas == len(
        re.findall(r"\$\$.*?\$\$|\$[^$]+\$", (DOCS / "methods.md").read_text("utf-8"), re.DOTALL)
    )
    assert methods.formulas > 50


def test_every_public_name_is_in_the_reference(pages: dict[Path, Page]) -> None:
    (reference,) = (page for page in pages.values() if page.path.name == "api.html")
    functions = {name for name in mb.__all__ if name not in ("Study", "__version__")}
    assert {f"mgbayes.{name}" for name in functions} <= reference.places


def test_every_command_is_in_the_quickstart() -> None:
    from mgbayes.cli import app

    rows = re.findall(r"^\| (`.*?`) \|", (DOCS / "quickstart.md").read_text("utf-8"), re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert {command.callback.__name__ for command in app.registered_commands if command.callback} <= listed


def test_what_r_gives_is_what_the_commands_give() -> None:
    said = re.findall(r"#> ([\d.]+)", (DOCS / "r.md").read_text("utf-8"))
    fisher, pearson, welch, more = map(float, said)
    table = ROOT / "reports" / "litchman2020" / "comparison" / "tables" / "seen.csv"
    with table.open(newline="") as file:
        rows = {row["rule"]: row for row in csv.DictReader(file) if row["endpoint"] == "remission"}
    assert float(rows["fisher"]["p"]) == pytest.approx(fisher, rel=1e-5)
    assert float(rows["pearson"]["p"]) == pytest.approx(pearson, rel=1e-5)
    assert float(rows["uniform_0.95"]["p_benefit"]) == pytest.approx(more, abs=1e-4)
    ledger = mb.verify(mb.load_study("litchman2020"), search=False)
    (claim,) = (claim for claim in ledger.claims if claim.id == "prednisone.last")
    (test,) = (test for test in claim.tests if test.name == "welch_t")
    assert test.p_low is not None
    assert test.p_high is not None
    assert test.p_low < welch < test.p_high
    assert test.p_high / test.p_low < 1.5
