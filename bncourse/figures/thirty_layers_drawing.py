"""The picture of ThirtyLayers: two quantities over the layers of a net, on logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import svg

from bncourse.figures.drawing import arrow, document, group, line, marker, strokes, words
from bncourse.figures.style import BATCH, FEATURE, GUESS, HEAD, INK, QUIET

WIDTH, HEIGHT = 880, 386
LEFTS = (58, 502)  # where the plots begin
WIDE, TALL, TOP = 360, 212, 74  # of each plot
INTERVALS = 6  # between ticks, at most
EVERY = 5  # layers from one marker to the next
# Colour and shape of a net's line, by the axis that its norm goes over.
LOOKS = {"none": (INK, "square"), "batch": (BATCH, "circle"), "layer": (FEATURE, "triangle")}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Panel:
    """One quantity at h_0 … h_L, as powers of ten.

    Attributes:
        name: written above the plot.
        forward: whether it is computed from the input on; else from the output back.
        least: (low, high), powers of ten that the axis holds at least.
        now: (L + 1,), or None if it is not to be drawn.
        held: (L + 1,) of a net that was held, or None.
        theory: (L + 1,), or None.
        guess: where the learner's line begins at the input; it ends at 0 at the output. Or None.
        told: written into the plot.
        theory_is: for which nets the theory holds.
    """

    name: str
    forward: bool
    least: tuple[int, int]
    now: np.ndarray | None
    held: np.ndarray | None = None
    theory: np.ndarray | None = None
    guess: float | None = None
    told: str = ""
    theory_is: str = ""


def picture(
    panels: Sequence[Panel],
    layers: int,
    looks: tuple[str, str],
    names: tuple[str, str, str],
    title: str,
    description: str,
) -> svg.SVG:
    """Return both panels side by side and a key.

    ``looks`` are the norms, a key of LOOKS, of the net now and of the one held; ``names`` say what
    these nets are, the second is empty if none is held, and what was predicted, or nothing.
    """
    parts: list[svg.Element] = []
    for left, panel in zip(LEFTS, panels, strict=True):
        parts += _plot(left, panel, layers, looks)
    return document(WIDTH, HEIGHT, [*parts, *_key(panels, looks, names)], title, description)


def _key(
    panels: Sequence[Panel], looks: tuple[str, str], names: tuple[str, str, str]
) -> list[svg.Element]:
    parts: list[svg.Element] = []
    y, x = HEIGHT - 30, LEFTS[0]
    colour, shape = LOOKS[looks[0]]
    parts += [line(x, y, x + 34, y, colour, 2.5), marker(shape, x + 17, y, 5, colour)]
    parts.append(words(x + 44, y + 5, names[0], bold=True))
    if names[1]:
        parts += [line(x, y + 20, x + 34, y + 20, QUIET, 2, [3, 4])]
        parts.append(marker(LOOKS[looks[1]][1], x + 17, y + 20, 5, "#FFFFFF", QUIET))
        parts.append(words(x + 44, y + 25, f"held: {names[1]}", colour=QUIET))
    x = LEFTS[1] + 60
    for panel in panels:
        if panel.theory is not None:
            parts.append(line(x, y, x + 34, y, INK, 2, [8, 5]))
            parts.append(words(x + 44, y + 5, f"theory, {panel.theory_is}"))
    if names[2]:
        parts.append(line(x, y + 20, x + 34, y + 20, GUESS, 2.5, [4, 4]))
        parts.append(words(x + 44, y + 25, names[2], bold=True))
    return parts


def _plot(left: float, panel: Panel, layers: int, looks: tuple[str, str]) -> list[svg.Element]:
    low, high, step = _axis(panel)
    bottom, right = TOP + TALL, left + WIDE

    def across(layer: np.ndarray | float) -> np.ndarray:
        return left + np.asarray(layer) * WIDE / layers

    def up(power: np.ndarray | float) -> np.ndarray:
        return bottom - TALL * (np.asarray(power) - low) / (high - low)

    ticks = range(low, high + 1, step)
    marks = [(left - 5, float(up(tick)), left, float(up(tick))) for tick in ticks]
    marks += [(x, bottom, x, bottom + 5) for x in across(np.arange(0, layers + 1, 2 * EVERY))]
    marks += [(left, TOP, left, bottom), (left, bottom, right, bottom)]
    labels = [words(left - 9, float(up(tick)) + 5, _power(tick)) for tick in ticks]
    places = [
        words(float(across(layer)), bottom + 21, f"{layer}" if layer else "input")
        for layer in range(0, layers + 1, 2 * EVERY)
    ]
    way = (left + 224, left + 344) if panel.forward else (left + 344, left + 224)
    parts: list[svg.Element] = [
        words(left - 46, 22, panel.name, size=HEAD, bold=True),
        arrow(way[0], 46, way[1], 46),
        words(left + 216, 51, "forward" if panel.forward else "backward", anchor="end"),
        strokes([(left, float(up(0)), right, float(up(0)))], "#C4C4C4", 1.2),
        strokes(marks, QUIET, 1.2),
        group(labels, text_anchor="end"),
        group([*places, words(left + WIDE / 2 + 30, bottom + 42, "layer")], text_anchor="middle"),
    ]
    every = np.arange(layers + 1)
    if panel.held is not None:
        parts.append(_path(across(every), up(panel.held), QUIET, 2, [3, 4]))
        parts += _markers(across(every), up(panel.held), LOOKS[looks[1]][1], "#FFFFFF", QUIET)
    if panel.now is not None:
        colour, shape = LOOKS[looks[0]]
        parts.append(_path(across(every), up(panel.now), colour, 2.5))
        parts += _markers(across(every), up(panel.now), shape, colour)
    if panel.theory is not None:
        parts.append(_path(across(every), up(panel.theory), INK, 2, [8, 5]))
    if panel.guess is not None:
        # What leaves the plot ends at its edge.
        limit = float(np.clip(panel.guess, low, high))
        at = layers * (1 - limit / panel.guess) if panel.guess else 0.0
        ends = float(across(at)), float(up(limit)), float(across(layers)), float(up(0))
        parts.append(line(*ends, GUESS, 2.5, [4, 4]))
    if panel.told:
        # Every line passes 1 at the end where its quantity starts: there is room above it.
        x, anchor = (left + 12, None) if panel.forward else (right, "end")
        parts.append(words(x, TOP + 4, panel.told, anchor=anchor, bold=True))
    return parts


def _axis(panel: Panel) -> tuple[int, int, int]:
    """Return the first and the last power of ten of the axis, and the step between its ticks."""
    low, high = (float(end) for end in panel.least)
    for values in (panel.now, panel.held, panel.theory):
        if values is not None:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    step = 1
    while math.ceil(high / step) - math.floor(low / step) > INTERVALS:
        step += 1 if step < 2 else 2 if step < 6 else 4
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def _power(exponent: int) -> str:
    if exponent in (0, 1):
        return str(10**exponent)
    return "10" + str(exponent).translate(RAISED)


def _markers(
    x: np.ndarray, y: np.ndarray, shape: str, fill: str, edge: str = "#FFFFFF"
) -> list[svg.Element]:
    return [marker(shape, x[k], y[k], 5, fill, edge) for k in range(0, len(x), EVERY)]


def _path(
    x: np.ndarray, y: np.ndarray, colour: str, width: float, dash: list[float] | None = None
) -> svg.Path:
    points = [f"{a:.0f} {b:.1f}" for a, b in zip(x, y, strict=True)]
    return svg.Path(
        d="M" + "L".join(points),
        stroke=colour,
        stroke_width=width,
        stroke_dasharray=dash,
        fill="none",
    )
