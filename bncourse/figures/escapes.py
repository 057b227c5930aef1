"""Two valleys, and how many runs of SGD leave either of them, against the batch size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.experiments.escape import BARRIER, GOOD, POOR, landscape
from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, INK, QUIET, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.escape import Escape


def escapes(record: Escape) -> Static:
    """Return the landscape, and the shares of runs that left a valley at least once.

    Dots are seeds, lines their means. A third line is the share of the runs started in the poor
    valley that were in the good one at the end.
    """
    figure, (left, right) = new_figure(890, 380, widths=(1, 1.35))
    _valleys(left)
    shares = (
        ("left the poor valley", record.left_poor, {"color": BATCH, "marker": "o", "ls": "-"}),
        ("left the good valley", record.left_good, {"color": INK, "marker": "s", "ls": "--"}),
        ("poor at the start, good at the end", record.ended_good,
         {"color": QUIET, "marker": "^", "ls": ":"}),
    )  # fmt: skip
    told = []
    for name, values, look in shares:
        mean = 100 * values.mean(axis=0)
        right.plot(record.batch_sizes, mean, lw=2, ms=8, mec="white", label=name, **look)
        for seed in values:
            right.plot(record.batch_sizes, 100 * seed, ls="", marker=look["marker"], ms=4,
                       color=look["color"], alpha=0.6)  # fmt: skip
        told.append(f"{name}: {', '.join(number(m, 1) for m in mean)}")
    right.set_xscale("log", base=2)
    right.set_xticks(record.batch_sizes, [str(size) for size in record.batch_sizes])
    right.set(xlabel="batch size", ylabel="share of runs, %", ylim=(-4, 104))
    outside = {"loc": "outside upper center", "ncols": 3, "frameon": False}
    figure.legend(*right.get_legend_handles_labels(), fontsize=points(), **outside)
    caption = (
        f"A made-up loss with a poor valley at w = {number(POOR, 2)}, a good one at "
        f"{number(GOOD, 2)} and a barrier at {number(BARRIER, 2)}. Share of runs in %, mean of "
        f"{len(record.left_poor)} seeds with {record.runs} runs of {record.steps:,} steps each, "
        f"learning rate {number(record.learning_rate)}, batch sizes "
        f"{', '.join(str(size) for size in record.batch_sizes)}. {'; '.join(told)}."
    )
    return Static(figure, caption)


def _valleys(axes: Axes) -> None:
    w = np.linspace(-1.6, 1.5, 200)
    axes.plot(w, landscape(w), color=INK, lw=2)
    places = (("good valley", GOOD, "top", -0.05), ("poor valley", POOR, "top", -0.05),
              ("barrier", BARRIER, "bottom", 0.05))  # fmt: skip
    for name, place, side, off in places:
        height = float(landscape(np.array(place)))
        axes.plot(place, height, "o", ms=8, color=INK if name == "barrier" else BATCH)
        axes.text(place, height + off, name, ha="center", va=side, fontsize=points())
    axes.set(xlabel="weight w", ylabel="loss of all samples", ylim=(-0.6, 0.6))
