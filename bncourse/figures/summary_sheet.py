"""All norms of the course on one sheet of paper, with standardised weights and dynamic tanh.

The sheet is laid out once, in `summary_layout`. Here it becomes an SVG picture for a notebook and a
PDF page for a printer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import svg

from bncourse.figures.drawing import box, document, words
from bncourse.figures.norms import NORMS
from bncourse.figures.show import Static
from bncourse.figures.style import INK
from bncourse.figures.summary_layout import A4, Fill, Lines, Text, marks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 880  # px of the picture: 9.5 points are 14 px
FINE = 2  # steps in a pixel of a formula's outline


def summary_sheet() -> Static:
    """Return the sheet as a picture."""
    scale = WIDTH / A4[0]
    parts: list[svg.Element] = []
    for mark in marks():
        if isinstance(mark, Fill):
            sides = (round(scale * side, 1) for side in (mark.x, mark.y, mark.width, mark.height))
            parts.append(box(*sides, fill=mark.colour))
        elif isinstance(mark, Lines):
            parts.append(_strokes(mark, scale))
        elif mark.text.startswith("$"):
            parts.append(_outlines(mark, scale))
        else:
            parts.append(
                words(
                    scale * mark.x,
                    scale * mark.y,
                    mark.text,
                    size=max(14, round(scale * mark.size)),
                    anchor="middle" if mark.middle else None,
                    colour=None if mark.colour == INK else mark.colour,
                    bold=mark.bold,
                )
            )
    every = "; ".join(
        f"{norm.name}: {norm.axes}; learned {norm.learned}; state {norm.state}; same in eval: "
        f"{norm.same}; smallest set {norm.smallest}; use {' '.join(norm.use.split())}; "
        f"{norm.source}"
        for norm in NORMS
    )
    name = "Five norms, standardised weights and dynamic tanh on one sheet"
    caption = f"{name}. {every}."
    # The sheet's own words are text, and need no telling.
    told = "For each a picture of the numbers that it takes together, a formula and properties."
    return Static(document(WIDTH, round(scale * A4[1]), parts, name, told), caption)


def save_summary_sheet(path: str | Path) -> Path:
    """Write the sheet as a PDF of one A4 page and return its path; it may be printed.

    Raises OSError if the file cannot be written.
    """
    import matplotlib

    path = Path(path)
    with matplotlib.rc_context({"pdf.fonttype": 42}):  # fonts that other programs can read
        # Without a date, the same sheet gives the same file.
        told = {"Title": "Norms on one sheet", "CreationDate": None}
        page().savefig(path, format="pdf", metadata=told)
    return path


def page() -> Figure:
    """Return the sheet as a Matplotlib figure of the size of A4."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=[side / 72 for side in A4])
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, A4[0]), ylim=(A4[1], 0))  # points from the upper left corner
    axes.set_axis_off()
    for mark in marks():
        if isinstance(mark, Fill):
            corner = (mark.x, mark.y)
            axes.add_patch(Rectangle(corner, mark.width, mark.height, fc=mark.colour, lw=0))
        elif isinstance(mark, Lines):
            ends = [((x1, y1), (x2, y2)) for x1, y1, x2, y2 in mark.lines]
            axes.add_collection(LineCollection(ends, colors=mark.colour, lw=0.7 * mark.width))
        else:
            axes.text(
                mark.x,
                mark.y,
                mark.text,
                size=mark.size,
                weight="bold" if mark.bold else "normal",
                color=mark.colour,
                ha="center" if mark.middle else "left",
            )
    return figure


def _strokes(mark: Lines, scale: float) -> svg.Path:
    """Return lines as one path in half pixels, as short as it can be written."""
    text = ""
    for line in mark.lines:
        x1, y1, x2, y2 = np.rint(2 * scale * np.array(line)).astype(int)
        text += f"M{x1} {y1}"
        text += f"h{x2 - x1}" if y1 == y2 else f"v{y2 - y1}" if x1 == x2 else ""
        text += "" if x1 == x2 or y1 == y2 else "l" + _short((x2 - x1, y2 - y1))
    look = {"stroke": mark.colour, "stroke_width": 2 * mark.width, "fill": "none"}
    return svg.Path(d=text, transform=[svg.Scale(0.5)], **look)


def _outlines(mark: Text, scale: float) -> svg.G:
    """Return a formula as the outlines of its letters, in fractions of a pixel."""
    from matplotlib.path import Path as Outline
    from matplotlib.textpath import TextPath

    drawn = TextPath((0, 0), mark.text, size=scale * mark.size)
    letters = {Outline.MOVETO: "M", Outline.LINETO: "l", Outline.CURVE3: "q", Outline.CURVE4: "c"}
    text, here = "", np.zeros(2, int)
    for points, code in drawn.iter_segments(curves=True, simplify=False):
        if code == Outline.CLOSEPOLY:
            text += "z"
            continue
        ends = np.rint(points.reshape(-1, 2) * (FINE, -FINE)).astype(int)
        origin = np.zeros(2, int) if code == Outline.MOVETO else here
        text += letters[code] + _short(ends - origin)
        here = ends[-1]
    x, y = round(scale * mark.x, 1), round(scale * mark.y, 1)
    place = [svg.Translate(x, y), svg.Scale(1 / FINE)]
    return svg.G(transform=place, elements=[svg.Path(d=text)])


def _short(numbers: Sequence) -> str:
    """Write whole numbers as a path may have them: a space only where no minus sign parts them."""
    text = " ".join(str(number) for number in np.ravel(numbers))
    return text.replace(" -", "-")
