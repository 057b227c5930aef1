"""Standardised input stays put, its heirs do not: centre and spread of every layer's input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.sigmoid_arms import count_updates
from bncourse.figures.style import INK, QUIET, TEXT, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.deeper_layers import DeeperLayers

LINES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))


def deeper_layers(record: DeeperLayers) -> Static:
    """Return centre and spread of the layers' inputs against updates, two panels.

    Every seed is a thin line, their median a thick one with the layer's name at its end.
    """
    figure, panels = new_figure(880, 360, widths=(1, 1))
    names = ("centre (rms of the units' means)", "spread (median sd of the units)")
    for axes, values, name in zip(panels, (record.centre, record.spread), names, strict=True):
        count_updates(axes, record.steps[-1])
        axes.set(ylabel=name, ylim=(0, 1.08 * values.max()))
        for layer in range(values.shape[1]):
            colour = QUIET if layer == 0 else INK
            dashes = LINES[layer % len(LINES)]
            axes.plot(record.steps, values[:, layer].T, color=colour, lw=0.7, alpha=0.35)
            median = np.median(values[:, layer], axis=0)
            axes.plot(record.steps, median, color=colour, lw=2.5, ls=dashes)
        _name_ends(axes, np.median(values[..., -1], axis=0))
    count = record.centre.shape[1]
    told = [
        f"layer {layer + 1}{', the data' if layer == 0 else ''}: centre "
        f"{_from_to(record.centre[:, layer])}, spread {_from_to(record.spread[:, layer])}"
        for layer in range(count)
    ]
    caption = (
        f"Inputs of the {count} layers of one net (data {record.arm}, learning rate "
        f"{number(record.learning_rate)}), medians of {len(record.seeds)} seeds, from the start to "
        f"{record.steps[-1]:,} updates: "
        f"{'; '.join(told)}."
    )
    return Static(figure, caption)


def _name_ends(axes: Axes, ends: np.ndarray) -> None:
    """Write the layers' names right of their lines' ends, apart from each other."""
    low, high = axes.get_ylim()
    height = axes.figure.bbox.height * 0.75  # about that of the axes, in px
    apart = 1.3 * TEXT * (high - low) / height
    order = np.argsort(ends)
    places = ends[order].astype(float)
    for k in range(1, len(places)):  # push up what stands too near
        places[k] = max(places[k], places[k - 1] + apart)
    places -= max(0.0, places[-1] - high)
    for layer, place in zip(order, places, strict=True):
        axes.annotate(
            f"layer {layer + 1}",
            (1.01, place),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=points(),
            color=QUIET if layer == 0 else INK,
            annotation_clip=False,
        )


def _from_to(values: np.ndarray) -> str:
    """Write the median over seeds (S, T) at the start and at the end."""
    first, last = np.median(values[:, [0, -1]], axis=0)
    return f"{number(first, 2)} to {number(last, 2)}"
