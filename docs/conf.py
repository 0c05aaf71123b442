"""The documentation site: `just docs` builds it, and a page asks no other host for anything."""

from __future__ import annotations

from typing import Any

from docutils.nodes import Element, SkipNode
from math_core import LatexToMathML
from sphinx.application import Sphinx

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


def setup(app: Sphinx) -> None:
    """Formulas become MathML when a page is built, which browsers show without a script."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
