"""The report leads to the comparison of methods where that stands beside it, and nowhere where it does not."""

from __future__ import annotations

from pathlib import Path

from mgbayes.report.write import COMPARISON
from tests.toy_results import toy_results


def test_the_answer_links_to_the_comparison_that_exists(tmp_path: Path) -> None:
    link = f'href="{COMPARISON}"'
    toy_results().write(tmp_path)
    assert link not in (tmp_path / "report.html").read_text("utf-8")
    (tmp_path / COMPARISON).parent.mkdir()
    (tmp_path / COMPARISON).write_text("compared", "utf-8")
    toy_results().write(tmp_path)
    text = (tmp_path / "report.html").read_text("utf-8")
    assert text.index('id="answer"') < text.index(link) < text.index('id="claims"')
    assert (tmp_path / COMPARISON).read_text("utf-8") == "compared"
