"""Pieces of SVG pictures: text, lines, boxes, markers, and the document around them.

Only presentation attributes and plain shapes are used. Code hosts clean SVG before they show it,
and style attributes, style sheets and patterns do not survive that. All lengths are in px.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import svg

from bncourse.figures.style import FONT, INK, PAPER, QUIET, TEXT

# Corners of the markers for radius 1, chosen so that all look about equally large.
_ARM = 0.4
CORNERS = {
    "square": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    "triangle": [(0, -1.2), (1.15, 0.85), (-1.15, 0.85)],
    "diamond": [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
    "plus": [
        *((-_ARM, -1.2), (_ARM, -1.2), (_ARM, -_ARM), (1.2, -_ARM), (1.2, _ARM), (_ARM, _ARM)),
        *((_ARM, 1.2), (-_ARM, 1.2), (-_ARM, _ARM), (-1.2, _ARM), (-1.2, -_ARM), (-_ARM, -_ARM)),
    ],
}


def document(
    width: float, height: float, elements: Sequence[svg.Element], name: str, description: str
) -> svg.SVG:
    """Return a picture on white, with a name and a description for screen readers."""
    return svg.SVG(
        width=width,
        height=height,
        viewBox=svg.ViewBoxSpec(0, 0, width, height),
        extra={
            "role": "img",
            "aria-label": escape(name),
            "font-family": FONT,
            "font-size": str(TEXT),
            "fill": INK,
        },
        elements=[
            svg.Desc(text=escape(description)),
            box(0, 0, width, height),
            *elements,
        ],
    )


def group(elements: Sequence[svg.Element], **attributes: str | None) -> svg.G:
    """Return the elements as one group; its attributes hold for all that set none themselves."""
    named = {key.replace("_", "-"): value for key, value in attributes.items() if value}
    return svg.G(elements=list(elements), extra=named)


def moved(elements: Sequence[svg.Element], x: float, y: float) -> svg.G:
    """Return the elements as one group, shifted by (x, y)."""
    return svg.G(transform=[svg.Translate(x, y)], elements=list(elements))


def words(
    x: float,
    y: float,
    text: str | Sequence[tuple[str, str]],
    *,
    size: float = TEXT,
    anchor: str | None = None,
    colour: str | None = None,
    bold: bool = False,
) -> svg.Text:
    """Return one line of text with its baseline at (x, y); [(text, colour), …] colours its parts.

    A hyphen before a number or between spaces is shown as a minus sign.
    """
    plain = isinstance(text, str)
    return svg.Text(
        x=_px(x),
        y=_px(y),
        text=escape(_minus(text)) if plain else None,
        elements=None
        if plain
        else [svg.TSpan(text=escape(_minus(part)), fill=fill) for part, fill in text],
        fill=colour,
        font_size=None if size == TEXT else size,
        text_anchor=anchor,
        font_weight="bold" if bold else None,
    )


def line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    colour: str | None = None,
    width: float | None = None,
    dash: list[float] | None = None,
) -> svg.Line:
    """Return a straight line, dashed if ``dash`` gives lengths; a group may give its colour."""
    return svg.Line(
        x1=_px(x1),
        y1=_px(y1),
        x2=_px(x2),
        y2=_px(y2),
        stroke=colour,
        stroke_width=width,
        stroke_dasharray=dash,
    )


def strokes(lines: Sequence[Sequence[float]], colour: str, width: float = 1) -> svg.Path:
    """Return many straight lines (x1, y1, x2, y2) of one look as one element."""
    path: list[svg.PathData] = []
    for x1, y1, x2, y2 in lines:
        path.append(svg.MoveTo(_px(x1), _px(y1)))
        path.append(svg.LineTo(_px(x2), _px(y2)))
    return svg.Path(d=path, stroke=colour, stroke_width=width, fill="none")


def arrow(x1: float, y1: float, x2: float, y2: float, colour: str = QUIET) -> svg.G:
    """Return a straight arrow that ends at (x2, y2)."""
    length = math.hypot(x2 - x1, y2 - y1)
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    bx, by = x2 - 10 * ux, y2 - 10 * uy
    tip = (x2, y2, bx - 5 * uy, by + 5 * ux, bx + 5 * uy, by - 5 * ux)
    head = svg.Polygon(points=[_px(corner) for corner in tip], fill=colour)
    return group([line(x1, y1, bx, by, colour, 1.8), head])


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    fill: str = PAPER,
    edge: str | None = None,
    thick: float = 1,
    dash: list[float] | None = None,
    round_by: float | None = None,
) -> svg.Rect:
    """Return a rectangle; without ``edge`` it has no outline."""
    return svg.Rect(
        x=_px(x),
        y=_px(y),
        width=_px(width),
        height=_px(height),
        rx=round_by,
        fill=fill,
        stroke=edge,
        stroke_width=thick if edge else None,
        stroke_dasharray=dash,
    )


def hatched(x: float, y: float, width: float, height: float, colour: str, gap: int = 8) -> svg.G:
    """Return a rectangle of slanting lines: the second channel beside its colour."""
    slants = []
    for shift in range(gap, int(width + height), gap):
        from_x, from_y = min(shift, width), max(0, shift - width)
        to_x, to_y = max(0, shift - height), min(shift, height)
        slants.append((x + from_x, y + from_y, x + to_x, y + to_y))
    return group([box(x, y, width, height, edge=colour, thick=1.5), strokes(slants, colour)])


def marker(
    shape: str, x: float, y: float, radius: float, fill: str, edge: str = PAPER
) -> svg.Element:
    """Return a marker, one of style.SHAPES, around (x, y)."""
    if shape == "circle":
        return svg.Circle(cx=_px(x), cy=_px(y), r=radius, fill=fill, stroke=edge, stroke_width=1.5)
    corners = [c for dx, dy in CORNERS[shape] for c in (x + radius * dx, y + radius * dy)]
    return svg.Polygon(
        points=[_px(corner) for corner in corners], fill=fill, stroke=edge, stroke_width=1.5
    )


def escape(text: str) -> str:
    """Return text that may stand in an SVG element or attribute."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;")


def _px(length: float) -> float:
    """Round to tenths of a pixel, whole numbers without a decimal: shorter text, same picture."""
    tenths = round(float(length), 1)
    return int(tenths) if tenths.is_integer() else tenths


def _minus(text: str) -> str:
    return re.sub(r"(?<![\w-])-(?=[\d.√])|(?<= )-(?= )", "−", text)
