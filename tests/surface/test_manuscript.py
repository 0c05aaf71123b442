"""The supplement of a manuscript: one set of numbers in Word, LaTeX, CSV, JSON and page, and nothing is markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import docx
import pandas as pd
import pytest
from PIL import Image

import mgbayes as mb
from mgbayes.errors import InputError
from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import EstimandSummary
from mgbayes.report import words
from mgbayes.report.manuscript.journal import profiles
from mgbayes.report.manuscript.latex_text import escaped
from mgbayes.results import Results
from tests.toy_results import HOSTILE, hostile_study, toy_results

pytestmark = pytest.mark.long


@pytest.fixture(scope="module", name="results")
def _results() -> Results:
    return toy_results()


@pytest.fixture(scope="module", name="written")
def _written(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manuscript")
    mb.manuscript(results, folder / "supplement", profile="90mm-300dpi")
    results.write(folder / "report")
    return folder


def _summary(row: dict) -> EstimandSummary:
    """An estimand of results.json as the value that sentences are made from."""
    estimand = Estimand(row["id"], row["label"], row["unit"], row["null"], row["benefit"])
    plain = {
        name: row[name] for name in ("mean", "median", "sd", "p_benefit", "mcse_p_benefit", "p_above_null")
    }
    return EstimandSummary(
        estimand,
        **plain,
        low=row["interval"]["low"],
        high=row["interval"]["high"],
        threshold=row["important_threshold"],
        p_important=row["p_important"],
        ess_bulk=row["ess_bulk"],
        ess_tail=row["ess_tail"],
    )


def _word_rows(file: Path, head: str) -> Iterator[list[str]]:
    """The rows of the native Word table that has this column."""
    for table in docx.Document(str(file)).tables:
        cells = [[cell.text for cell in row.cells] for row in table.rows]
        if head in cells[0]:
            yield from cells[1:]


def _page_rows(file: Path) -> set[tuple[str, ...]]:
    """Every row of every table of the page, as its reader sees it."""
    rows = re.findall(r"<tr>(.*?)</tr>", file.read_text("utf-8"), re.DOTALL)
    return {tuple(map(unescape, re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row))) for row in rows}


def test_the_numbers_of_page_word_latex_csv_and_json_are_the_same(written: Path) -> None:
    report = written / "report"
    found = json.loads((report / "results.json").read_text("utf-8"))
    on_page = _page_rows(report / "report.html")
    latex = (written / "supplement" / "supplement.tex").read_text("utf-8")
    in_word = {tuple(row) for row in _word_rows(written / "supplement" / "supplement.docx", "ESS bulk, tail")}
    table = pd.read_csv(report / "tables" / "estimands.csv")
    rows = [(fit, _summary(row)) for fit in found["fits"] for row in fit["estimands"]]
    assert len(rows) == len(table) == len(in_word) == 4
    for (_, row), line in zip(rows, table.itertuples(), strict=True):
        assert (line.median, line.low, line.high) == (row.median, row.low, row.high)
        assert (line.p_benefit, line.estimand) == (row.p_benefit, row.estimand.id)
        cells = next(cells for cells in in_word if cells[0] == words.first_upper(row.estimand.label))
        assert cells[2:5] == (
            words.interval(row),
            words.percent(row.p_benefit),
            words.important(row),
        )
        assert " & ".join(map(escaped, cells)) in latex
        assert cells in on_page
    findings = pd.read_csv(report / "tables" / "summary_of_findings.csv")
    assert findings["estimand"].tolist() == [row["estimand"] for row in found["summary_of_findings"]]
    by_id = {row.estimand.id: row for _, row in rows}
    shown = {row[0]: row for row in _word_rows(written / "supplement" / "supplement.docx", "Absolute effect")}
    for line in findings.itertuples():
        assert line.p_benefit == by_id[line.estimand].p_benefit
        assert line.absolute_median == by_id[line.absolute].median
        cells = shown[words.first_upper(by_id[line.estimand].estimand.label)]
        assert " & ".join(map(escaped, cells)) in latex
        assert tuple(cells) in on_page
        assert cells[4:6] == [words.interval(by_id[line.estimand]), words.percent(line.p_benefit)]
        assert cells[3].startswith(words.per_hundred(by_id[line.absolute]))


def test_captions_are_numbered_by_fields_and_every_reference_is_to_one(written: Path) -> None:
    document = docx.Document(str(written / "supplement" / "supplement.docx"))
    captions = [part for part in document.paragraphs if part.style.name == "Caption"]
    fields = [part._p.xpath("./w:fldSimple/w:r/w:t") for part in captions]
    assert all(len(found) == 1 for found in fields)
    kinds = [part.text.split()[0] for part in captions]
    for kind in ("Table", "Figure"):
        numbers = [int(found[0].text) for found, of in zip(fields, kinds, strict=True) if of == kind]
        assert numbers == list(range(1, len(numbers) + 1))
    text = " ".join(
        [part.text for part in document.paragraphs if part.style.name != "Caption"]
        + [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    )
    for kind, number in re.findall(r"\b(Table|Figure) S(\d+)", text):
        assert 1 <= int(number) <= kinds.count(kind)
    assert len(document.inline_shapes) == kinds.count("Figure")


def test_methods_and_results_are_made_from_the_run(results: Results, written: Path) -> None:
    text = "\n".join(
        part.text for part in docx.Document(str(written / "supplement" / "supplement.docx")).paragraphs
    )
    fit = results.fits[0]
    sampling = fit.plan.sampling
    assert f"{sampling.chains} chains of {sampling.draws} draws" in text
    assert str(sampling.seed) in text
    assert "P(benefit)" in text
    assert words.interval(fit.summaries()[0]) in text


def test_checklists_say_where_and_what_is_missing(results: Results) -> None:
    barg = results.checklist("BARG")
    assert barg.loc["1.C", "Where"].startswith("Table S")
    assert barg.loc["6.4", "Gaps, for the authors"]
    lettered = {"P": "AB", "1": "ABCDE", "2": "ABCD", "3": "ABC", "4": "ABCDE", "5": "ABCDE", "6": "1234"}
    assert list(barg.index) == [f"{step}.{at}" for step, items in lettered.items() for at in items]
    without = Results(results.study, results.ledger, tuple(replace(fit, checks=()) for fit in results.fits))
    assert without.checklist("BARG").loc["1.E", "What is reported"] == "Not in this analysis."
    assert without.checklist("BARG").loc["1.E", "Gaps, for the authors"]
    assert len(results.checklist("sampl")) == 20
    with pytest.raises(InputError, match="BARG"):
        results.checklist("CONSORT")


def test_figures_have_the_size_of_their_profile(written: Path) -> None:
    wanted = profiles()["90mm-300dpi"]
    files = sorted((written / "supplement" / "figures").glob("*.tiff"))
    assert files
    for file in files:
        with Image.open(file) as image:
            assert image.width == pytest.approx(wanted.width_mm / 25.4 * wanted.dpi, abs=1)
            assert image.info["dpi"][0] == pytest.approx(wanted.dpi, abs=0.5)
        svg = file.with_suffix(".svg").read_text("utf-8")
        width = float(re.search(r'width="([\d.]+)pt"', svg)[1])  # type: ignore[index]
        assert width == pytest.approx(wanted.width_mm / 25.4 * 72, abs=0.1)
        assert file.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        assert len(pd.read_csv(file.with_suffix(".csv"))) > 0


def test_an_unknown_profile_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="190mm-300dpi"):
        mb.manuscript("litchman2020", tmp_path / "new", profile="120mm")
    assert not (tmp_path / "new").exists()


@pytest.fixture(scope="module", name="hostile")
def _hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The supplement of a study whose own texts look like markup."""
    folder = tmp_path_factory.mktemp("hostile")
    mb.manuscript(toy_results(hostile_study()), folder)
    return folder


def test_what_looks_like_markup_is_text_in_word_and_latex(hostile: Path) -> None:
    document = docx.Document(str(hostile / "supplement.docx"))
    texts = [part.text for part in document.paragraphs]
    assert HOSTILE in texts  # the question, letter for letter
    latex = (hostile / "supplement.tex").read_text("utf-8")
    assert escaped(HOSTILE) in latex
    assert "\\input" not in latex
    assert "\\input" not in (hostile / "references.bib").read_text("utf-8")


def test_plans_that_name_no_main_estimand_give_a_supplement_without_answers(
    results: Results, tmp_path: Path
) -> None:
    """No table of robustness is there to refer to."""
    silent = {"headline": (), "important": ()}
    fits = tuple(replace(fit, plan=fit.plan.model_copy(update=silent)) for fit in results.fits)
    without = replace(results, fits=fits)
    assert without.summary_of_findings == ()
    mb.manuscript(without, tmp_path)
    text = (tmp_path / "supplement.tex").read_text("utf-8")
    assert "There was no main answer to repeat" in text
    assert r"\ref{robustness}" not in text
