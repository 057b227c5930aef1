"""Small panels that are no verdicts: a hint, a table of objectives."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Notice:
    """A title and lines of text; it shows as a panel and prints as plain text."""

    title: str
    lines: tuple[str, ...] = ()

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        body = "".join(f"<div>{escape(line)}</div>" for line in self.lines)
        html = (
            '<div role="status" class="bncourse-notice" style="border-left:5px solid #00568a;'
            "padding:6px 12px;max-width:56em;font-size:14px;line-height:1.45;background:#fafafa;"
            f'color:#1a1a1a"><strong>{escape(self.title)}</strong>{body}</div>'
        )
        return {"text/html": html, "text/plain": repr(self)}

    def __repr__(self) -> str:
        wrapped = [
            textwrap.fill(line, 96, initial_indent="  ", subsequent_indent="  ")
            for line in self.lines
        ]
        return "\n".join([self.title, *wrapped])


@dataclass(frozen=True)
class Table:
    """A titled table of words."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        cell = 'style="text-align:left;padding:3px 16px 3px 0;font-size:14px"'
        head = "".join(f"<th {cell}>{escape(h)}</th>" for h in self.head)
        rows = "".join(
            "<tr>" + "".join(f"<td {cell}>{escape(c)}</td>" for c in row) + "</tr>"
            for row in self.rows
        )
        html = (
            f'<table class="bncourse-table"><caption style="text-align:left;font-size:14px;'
            f'font-weight:600">{escape(self.title)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )
        return {"text/html": html, "text/plain": repr(self)}

    def __repr__(self) -> str:
        table = [self.head, *self.rows]
        widths = [max(len(row[k]) for row in table) for k in range(len(self.head))]
        lines = [
            "  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        return "\n".join([self.title, *lines])
