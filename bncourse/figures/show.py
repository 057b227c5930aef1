"""A static figure with its caption: what a lesson shows and what is compared when it is rerun."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import svg

from bncourse.figures.style import png


@dataclass(frozen=True, repr=False)
class Static:
    """A picture (a Matplotlib ``Figure`` or an svg.py document) and what it says, in words.

    The caption names the numbers drawn. A notebook stores it beside the picture: it is the text
    for readers who do not see the picture, and it tells when a rerun draws something else, since
    pictures themselves are never compared.
    """

    picture: Any
    caption: str

    def __repr__(self) -> str:
        return self.caption

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {**picture_data(self.picture), "text/plain": self.caption}


def picture_data(picture: Any) -> dict[str, Any]:
    """Return a picture under its MIME type: SVG as text, a Matplotlib figure as base64 PNG."""
    if isinstance(picture, svg.SVG):
        return {"image/svg+xml": str(picture)}
    return {"image/png": base64.b64encode(png(picture)).decode("ascii")}
