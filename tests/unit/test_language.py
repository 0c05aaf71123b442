"""What a reader sees is said in the field's standard terms: the words on the left of the glossary are not used.

Sentences in code (strings of several words that are no docstrings), the templates, README and docs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCE = ROOT / "src" / "mgbayes"
INSTEAD = {
    r"hang(s|ing)? on": "depends on",
    r"made[- ]up|invented patients": "synthetic",
    r"foresees?|foreseen": "predicts, leave-one-out",
    r"sways?": "influential",
    r"fragil\w+": "robustness",
    r"batter(y|ies)": "frequentist tests",
    r"beliefs?": "reference prior",
    r"tell(s)? the arms apart": "distinguish the arms",
    r"honest readings?": "two legitimate estimands disagree",
    r"doubtful|doubted": "suspected misprint",
    r"none is sought": "not estimable",
    r"too sure of themselves": "too narrow",
    r"kept work|crew": "cache, task, executor",
    r"(un)?printed|prints?": "published summary, reported number",
    r"besides?": "compared with, in addition to",
    r"readings?": "interpretation",
    r"members?": "imputation, cohort",
    r"laws?": "distribution",
    r"spreads?": "dispersion, SD, variance",
    r"yield(s|ing)?": "reference prior, gives",
    r"put together": "pooled",
    r"(is|are|leaves?) open": "inconclusive",
    r"comes? out of": "gives, reproduces",
    r"careful reader": "inconsistencies",
}
NOT_SAID = re.compile(rf"\b({'|'.join(INSTEAD)})\b", re.IGNORECASE)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "studies" / "README.md"]
CODE = sorted(SOURCE.rglob("*.py"))
TEMPLATES = sorted(SOURCE.rglob("*.j2"))


def _sentences(path: Path) -> Iterator[str]:
    """Strings of several words that are not docstrings, f-strings by their fixed parts, without `code`."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in docstrings else None
        if isinstance(text, str) and " " in text.strip():
            yield re.sub(r"`[^`]*`", "", text)


def _commands(path: Path) -> Iterator[str]:
    """The first lines of the docstrings of commands, which are their help."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield ast.get_docstring(node) or ""


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_sentence_in_code_has_a_word_of_our_own(path: Path) -> None:
    said = [*_sentences(path), *(_commands(path) if path.parent.name == "cli" else ())]
    assert not [text for text in said if NOT_SAID.search(text)]


@pytest.mark.parametrize("path", [*TEMPLATES, *PAGES], ids=lambda path: path.name)
def test_no_page_has_a_word_of_our_own(path: Path) -> None:
    text = re.sub(r"\{[{%].*?[%}]\}|`[^`]*`|\]\([^)]*\)", "", path.read_text("utf-8"))
    assert not [line for line in text.splitlines() if NOT_SAID.search(line)]


def test_sentences_are_found() -> None:
    assert len(CODE) > 200
    assert sum(len(list(_sentences(path))) for path in CODE) > 1000


NAMES = {"asked", "beliefs", "beside", "crew", "found", "kept", "made", "readings", "said", "told"}
"""Names of variables and functions that do not say what they hold."""
PACKAGES = (
    *(
        "cli",
        "overall",
        "patient_comparison",
        "patients",
        "planning",
        "reconstruction",
        "report",
        "robustness",
    ),
    *("simulation", "synthesis"),
    *(
        "api.py",
        "cache.py",
        "errors.py",
        "executor.py",
        "files.py",
        "reanalysis.py",
        "results.py",
        "starter.py",
    ),
)
"""Where names are held to it."""


def _names(path: Path) -> Iterator[str]:
    """Every name that a file gives to a variable, an argument or a function."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


NAMED = [path for path in CODE if path.relative_to(SOURCE).parts[0] in PACKAGES]


@pytest.mark.parametrize("path", NAMED, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_name_says_what_it_holds(path: Path) -> None:
    assert not {name for name in _names(path) if name.strip("_").lower() in NAMES}


def test_names_are_found() -> None:
    assert {path.relative_to(SOURCE).parts[0] for path in NAMED} == set(PACKAGES)
    assert sum(len(set(_names(path))) for path in NAMED) > 1000
