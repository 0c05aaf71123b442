"""A self-contained page from a template: everything is escaped, figures are held as data, nothing is fetched."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mgbayes.report.picture import Picture


def render(template: str, drawn: Mapping[str, tuple[Picture, Path]], context: Mapping[str, Any]) -> str:
    """The page; ``drawn`` holds each figure with the SVG file it was saved to."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("mgbayes.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def figure(name: str) -> Markup:
        if name not in drawn:
            return Markup("")
        picture, svg = drawn[name]
        data = b64encode(svg.read_bytes()).decode()
        return Markup(
            '<figure id="figure-{0}"><img alt="{1}" src="data:image/svg+xml;base64,{2}">'
            "<figcaption>{1}</figcaption></figure>"
        ).format(name, picture.caption, data)

    return environment.get_template(template).render(figure=figure, **context) + "\n"
