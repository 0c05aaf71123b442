"""The report leads to the pages of other commands that stand beside it, and to none that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from mgbayes.report.write import COMPANIONS
from tests.toy_results import toy_results

pytestmark = pytest.mark.long


@pytest.mark.parametrize("place", COMPANIONS)
def test_the_answer_links_to_the_page_that_exists(tmp_path: Path, place: str) -> None:
    link = f'href="{place}"'
    toy_results().write(tmp_path)
    assert link not in (tmp_path / "report.html").read_text("utf-8")
    (tmp_path / place).parent.mkdir()
    (tmp_path / place).write_text("made before", "utf-8")
    toy_results().write(tmp_path)
    text = (tmp_path / "report.html").read_text("utf-8")
    assert text.index('id="answer"') < text.index(link) < text.index('id="claims"')
    assert (tmp_path / place).read_text("utf-8") == "made before"
