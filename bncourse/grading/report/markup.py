"""HTML whose texts are escaped unless they are markup already, and the page around it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape

from bncourse.grading.report.text import clean

# No script, no file from elsewhere, no form: what slipped through could still do nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_VOID = {"meta", "br"}


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | None | Iterable["Child"]


def el(name: str, /, *children: Child, **attributes: str | float | None) -> Html:
    """Return an element. Children that are not Html are cleaned and escaped.

    An attribute is written with "-" for "_" (``class_`` is "class"); None leaves it out.
    """
    opening = name
    for key, value in attributes.items():
        if value is not None:
            opening += f' {_attribute(key)}="{escape(clean(value))}"'
    if name in _VOID:
        return Html(f"<{opening}>")
    return Html(f"<{opening}>{join(children)}</{name}>")


def join(children: Iterable[Child]) -> Html:
    """Return the children one after the other, escaped where they are not Html."""
    parts = []
    for child in children:
        if isinstance(child, Html):
            parts.append(child)
        elif isinstance(child, str):
            parts.append(escape(clean(child)))
        elif child is not None:
            parts.append(join(child))
    return Html("".join(parts))


@lru_cache
def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def page(title: str, style: str, *body: Child) -> str:
    """Return a whole page that needs no other file; ``style`` is our own style sheet."""
    return "".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            el("meta", http_equiv="Content-Security-Policy", content=POLICY),
            '\n<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="referrer" content="no-referrer">\n',
            el("title", title),
            f"\n<style>{style}</style>\n</head>\n<body>\n",
            join(body),
            "\n</body>\n</html>\n",
        )
    )
