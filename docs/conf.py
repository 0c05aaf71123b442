"""The documentation site: `just docs` builds it, and a page asks no other host for anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from docutils.nodes import Element, Node, SkipNode, literal_block
from math_core import LatexToMathML
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import mgbayes

project = "mgbayes"
author = "The mgbayes developers"
release = version = mgbayes.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 72
napoleon_use_rtype = False
napoleon_preprocess_types = False

html_theme = "pydata_sphinx_theme"
html_title = "mgbayes"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
templates_path = ["_templates"]
html_sidebars = {"**": ["pages.html"]}
html_show_sourcelink = False
html_math_renderer = "mathml"
html_theme_options: dict[str, Any] = {
    "navbar_center": [],
    "navbar_persistent": [],
    "navbar_end": ["search-button", "theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
}
copyright = "The mgbayes developers. MIT license"


def _inline(translator: Any, node: Element) -> None:
    translator.body.append(_mathml(node, displaystyle=False))
    raise SkipNode


def _block(translator: Any, node: Element) -> None:
    translator.body.append(f'<div class="formula">{_mathml(node, displaystyle=True)}</div>')
    raise SkipNode


def _mathml(node: Element, *, displaystyle: bool) -> str:
    return LatexToMathML().convert_with_local_state(node.astext(), displaystyle=displaystyle)


class Run(SphinxDirective):
    """A command with what it prints, run while the site is built; ``:code:`` is the exit code that it must end with.

    A page shows ``uv run mgbayes ...``; it is the ``mgbayes`` of this environment, in the root of the repository.
    """

    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"code": int}  # noqa: RUF012 - docutils reads it from the class

    def run(self) -> list[Node]:
        """Run it, and show what it wrote."""
        words = self.arguments[0].split()
        root = Path(__file__).parents[1]
        for word in words:
            if word.endswith(".toml") and (root / word).is_file():
                self.env.note_dependency(str(root / word))
        done = subprocess.run(
            [sys.executable, "-m", "mgbayes", *words],
            cwd=root,
            env=os.environ | {"COLUMNS": "72", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != self.options.get("code", 0):
            raise self.error(f"{' '.join(words)} ended with {done.returncode}: {done.stderr}")
        shown = "\n".join([f"$ uv run mgbayes {' '.join(words)}", "", (done.stdout + done.stderr).strip()])
        return [literal_block(shown, shown, language="console")]


def setup(app: Sphinx) -> None:
    """Formulas become MathML when a page is built, which browsers show without a script; commands are run."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.add_directive("run", Run)
