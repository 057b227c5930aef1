"""Colours, sizes and numbers, the same in every figure, and how a Matplotlib figure is made.

Colours are those of Okabe & Ito (2008), which stay apart for colour-blind readers. In every lesson
blue is the batch axis, vermillion the feature (channel) axis and green space, and a shape or a
hatch repeats what the colour says.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL import Image

BATCH = "#0072B2"
FEATURE = "#D55E00"
CHANGED = "#E69F00"  # always with a black outline: too light on white alone
GUESS = "#CC79A7"  # what the learner predicted; always dashed
INK = "#1A1A1A"
QUIET = "#595959"
FAINT = "#C4C4C4"
PAPER = "#FFFFFF"

TEXT = 14  # px, the smallest size on screen
HEAD = 17
FONT = "Arial, Helvetica, Liberation Sans, sans-serif"
DPI = 100  # of Matplotlib figures: 72 points are 100 px

SHAPES = ("circle", "square", "triangle", "diamond", "plus")
MARKERS = ("o", "s", "^", "D", "P")  # the same shapes in Matplotlib
DASHES = ("--", "-", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))


def number(value: float, digits: int = 3) -> str:
    """Write a number with at most ``digits`` decimals, without idle zeros and without "-0".

    What would round to 0 but is not noise of the arithmetic is written like 1e-5.
    """
    if 1e-12 < abs(value) < 0.5 * 10.0**-digits:
        mantissa, power = f"{value:.1e}".split("e")
        return f"{mantissa.removesuffix('.0')}e{int(power)}"
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def numbers(values: Sequence[float], digits: int = 3) -> str:
    """Write several numbers, separated by commas."""
    return ", ".join(number(value, digits) for value in values)


def nice_range(values: Sequence[float], intervals: int = 7) -> tuple[float, float, float]:
    """Return (low, high, step): round numbers that hold all values in at most ``intervals``."""
    # Nine decimals: a 10.000000001 from rounding must not stretch the range.
    low, high = round(float(min(values)), 9), round(float(max(values)), 9)
    if low == high:
        low, high = low - 1, high + 1
    power = 10.0 ** math.floor(math.log10((high - low) / intervals))
    for step in (power, 2 * power, 5 * power, 10 * power):
        first, last = math.floor(low / step), math.ceil(high / step)
        if last - first <= intervals:
            break
    else:  # the values straddle a round number by little
        step = 20 * power
        first, last = math.floor(low / step), math.ceil(high / step)
    return first * step, last * step, step


def points(pixels: float = TEXT) -> float:
    """Return the Matplotlib font size, in points, that is ``pixels`` high on screen."""
    return pixels * 72 / DPI


def new_figure(
    width: float, height: float, widths: Sequence[float] = (1,)
) -> tuple[Figure, list[Axes]]:
    """Return a Matplotlib figure of ``width`` x ``height`` px and its axes, side by side.

    ``widths`` says how wide the axes are, relative to each other. The figure belongs to no window
    system (no pyplot), so nothing has to be closed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(widths), squeeze=False, width_ratios=widths).ravel().tolist()
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=points())
        axes.xaxis.label.set_size(points())
        axes.yaxis.label.set_size(points())
        axes.title.set_size(points(TEXT + 1))
    return figure, panels


STORED_COLOURS = 24


def png(figure: Figure) -> bytes:
    """Draw the figure and return it as PNG bytes; the same picture gives the same bytes."""
    from PIL import Image

    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())
    picture = Image.fromarray(pixels).convert("RGB")
    return palette_png(picture, optimize=True, colours=STORED_COLOURS)


def drawn_png(figure: Figure) -> bytes:
    """Return what the figure's canvas holds as PNG bytes, without drawing it again."""
    from PIL import Image

    pixels = np.asarray(figure.canvas.buffer_rgba())
    return palette_png(Image.fromarray(pixels).convert("RGB"))


def palette_png(picture: Image.Image, optimize: bool = False, colours: int = 64) -> bytes:
    """Return PNG bytes with a palette: a third of the size, and quicker to write.

    ``optimize`` takes longer to save some more: for pictures that are stored, not redrawn. So does
    a palette of few ``colours``, which is searched with more care.
    """
    # Fast octree turns white into almost white; the slower median cut keeps it.
    few = picture.quantize(colours, method=2 if colours == 64 else 0)
    few.putpalette([255 if part > 251 else part for part in few.getpalette()])
    buffer = io.BytesIO()
    few.save(buffer, format="png", optimize=optimize)
    return buffer.getvalue()
