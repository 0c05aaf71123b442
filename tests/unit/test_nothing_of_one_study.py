"""Nothing of the embedded study stands in code: its words are in its own files."""

import re

import pytest

from tests.conftest import ROOT

WORDS = re.compile(
    r"rituximab|prednisone|remission|remit|relapse|antibod|musk|achr|mgfa|myasthen", re.IGNORECASE
)
SOURCE = ROOT / "src" / "mgbayes"
FILES = [
    path
    for path in sorted(SOURCE.rglob("*"))
    if path.suffix in (".py", ".j2", ".toml") and "embedded" not in path.parts
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_word_of_the_embedded_study_stands_in_code(path: object) -> None:
    lines = path.read_text("utf-8").splitlines()  # type: ignore[attr-defined]
    assert not [line for line in lines if WORDS.search(line)]


def test_the_words_are_looked_for_in_all_of_the_code() -> None:
    assert len(FILES) > 200
