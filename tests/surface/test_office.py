"""The supplement compiled by LaTeX and opened by LibreOffice.

Collected where MGBAYES_BROWSER is set, as continuous integration does: it installs both.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import mgbayes as mb
from tests.toy_results import hostile_study, toy_results

pytestmark = pytest.mark.long

LATEX = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "supplement"]


@pytest.fixture(scope="module", name="folder", params=["as it is", "hostile"])
def _folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The supplement of the embedded study, and of one whose texts look like markup."""
    folder = tmp_path_factory.mktemp("manuscript")
    mb.manuscript(toy_results(hostile_study() if request.param == "hostile" else None), folder)
    return folder


def test_the_latex_source_compiles_and_every_reference_is_defined(folder: Path) -> None:
    for command in (LATEX, ["bibtex", "supplement"], LATEX, LATEX):
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
    assert "There were undefined" not in (folder / "supplement.log").read_text("latin-1")
    assert (folder / "supplement.pdf").stat().st_size > 10_000


def test_word_opens(folder: Path, tmp_path: Path) -> None:
    profile = f"-env:UserInstallation={(tmp_path / 'office').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(folder / "supplement.docx")], check=True, capture_output=True, timeout=300)
    assert (tmp_path / "supplement.pdf").stat().st_size > 10_000
