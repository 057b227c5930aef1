"""Tables of numbers, five samples by some units, with the sets that a norm takes framed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import svg

from bncourse.figures.drawing import box, group, words
from bncourse.figures.style import BATCH, FAINT, FEATURE, number

WIDE, TALL = 52, 21  # of a cell
# Of a changed number, light enough for text on them; the last is the distance of the stripes.
TINT, STRIPE, STRIPES = "#FFF1CF", "#F4CE74", 17
# Whether a norm goes down the columns, and the colour and dash of its frames.
LOOKS = {"BN": (True, BATCH, None), "LN": (False, FEATURE, None), "RMS": (False, FEATURE, [6, 3])}


def cells(
    left: float,
    top: float,
    values: np.ndarray,
    changed: np.ndarray,
    digits: int = 2,
    wide: float = WIDE,
) -> list[svg.Element]:
    """Draw (rows, columns) numbers; those changed are striped and bold, nan is left empty."""
    rows, columns = values.shape
    texts: dict[bool, list] = {False: [], True: []}
    for (r, k), value in np.ndenumerate(values):
        if not math.isnan(value):
            x, y = left + wide * (k + 0.5), top + TALL * r + 16
            texts[bool(changed[r, k])].append(words(x, y, number(float(value), digits)))
    looks: dict[bool, dict] = {False: {}, True: {"font_weight": "bold"}}
    return [
        *striped(
            [(left + wide * a, top + TALL * r, wide * (b - a), TALL * (s - r))
             for r, s, a, b in _runs(changed)]
        ),
        ruled(left, top, rows, columns, wide, TALL),
        *(group(each, text_anchor="middle", **looks[bold]) for bold, each in texts.items() if each),
    ]  # fmt: skip


def set_frames(
    left: float, top: float, values: np.ndarray, norm: str, wide: float = WIDE
) -> svg.Path:
    """Frame the numbers that a norm, a key of LOOKS, divides by the same one; nan is none."""
    by_column, colour, dash = LOOKS[norm]
    rows = np.flatnonzero(~np.isnan(values).any(axis=1)).tolist()
    columns = values.shape[1]
    if by_column:
        first, tall = top + TALL * rows[0], TALL * (rows[-1] - rows[0] + 1)
        places = [(left + wide * k + 2, first, wide - 4, tall) for k in range(columns)]
    else:
        places = [(left, top + TALL * r + 2, wide * columns, TALL - 4) for r in rows]
    path: list[svg.PathData] = []
    for x, y, across, down in places:
        path += [svg.MoveTo(x, y), svg.HorizontalLineToRel(across), svg.VerticalLineToRel(down)]
        path += [svg.HorizontalLineToRel(-across), svg.ClosePath()]
    return svg.Path(d=path, stroke=colour, stroke_width=2, fill="none", stroke_dasharray=dash)


def ruled(x: float, y: float, rows: int, columns: int, wide: float, tall: float) -> svg.Path:
    """Return the lines of a table, its cells ``wide`` x ``tall`` px."""
    path: list[svg.PathData] = []
    for r in range(rows + 1):
        path += [svg.MoveTo(x, y + tall * r), svg.HorizontalLineToRel(wide * columns)]
    for k in range(columns + 1):
        path += [svg.MoveTo(x + wide * k, y), svg.VerticalLineToRel(tall * rows)]
    return svg.Path(d=path, stroke=FAINT, fill="none")


def striped(places: Sequence[tuple[float, float, float, float]]) -> list[svg.Element]:
    """Return the ground of rectangles (x, y, width, height) whose numbers changed."""
    path: list[svg.PathData] = []
    for x, y, wide, tall in places:
        for shift in range(STRIPES // 2, int(wide + tall), STRIPES):
            # From the upper or right edge down to the left or lower one.
            start, end = min(shift, wide), max(0, shift - tall)
            path.append(svg.MoveTo(x + start, y + max(0, shift - wide)))
            path.append(svg.LineToRel(end - start, start - end))
    tints = [box(*place, fill=TINT) for place in places]
    return [*tints, svg.Path(d=path, stroke=STRIPE, stroke_width=5)] if places else []


def sample_names(left: float, top: float, rows: int) -> list[svg.Element]:
    """Name the rows S1, S2, …"""
    names = [words(left - 8, top + TALL * r + 16, f"S{r + 1}") for r in range(rows)]
    return [group(names, text_anchor="end", fill=BATCH)]


def _runs(changed: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Return the changed numbers as rectangles (row, row end, column, column end)."""
    rows, columns = changed.shape
    runs: list[tuple[int, int, int, int]] = []
    for r in range(rows):
        k = 0
        while k < columns:
            end = k
            while end < columns and changed[r, end]:
                end += 1
            if end > k:
                above = next((i for i, run in enumerate(runs) if run[1:] == (r, k, end)), None)
                if above is None:
                    runs.append((r, r + 1, k, end))
                else:
                    runs[above] = (runs[above][0], r + 1, k, end)
            k = end + 1
    return runs
