"""Shifted test images: accuracy with the statistics of training, and with re-measured ones."""

from __future__ import annotations

import re
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from bncourse.experiments.shifts import FEW
from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, FEATURE, INK, QUIET, new_figure, points

if TYPE_CHECKING:
    from bncourse.experiments.shifts import Shifts

# Field of the record, what it is called, and the look of its bars.
ARMS = (
    ("frozen", "statistics of training", {"fc": FEATURE}),
    ("recalibrated", "re-measured, all images", {"fc": BATCH}),
    ("few", f"re-measured, {FEW} images", {"fc": "white", "hatch": "//"}),
    ("skewed", "re-measured, two classes only", {"fc": "white", "hatch": "x"}),
)
BAR = 0.2  # of the distance between two shifts
NAME = 12  # characters in a line of a shift's name


def recalibration(record: Shifts) -> Static:
    """Return one group of bars for each shift: means over seeds, with a dot for each seed.

    The dashed line is the accuracy on images that were not shifted.
    """
    figure, (axes,) = new_figure(880, 370)
    places = np.arange(len(record.names))
    seeds = len(record.clean)
    jitter = np.linspace(-0.3, 0.3, seeds) * BAR
    for k, (field, label, look) in enumerate(ARMS):
        values = getattr(record, field)
        across = places + BAR * (k - (len(ARMS) - 1) / 2)
        edge = INK if "hatch" not in look else BATCH
        axes.bar(across, values.mean(axis=1), 0.9 * BAR, label=label, ec=edge, **look)
        dots = {"color": INK, "mew": 0, "ms": 4, "ls": ""}
        axes.plot((across[:, None] + jitter).ravel(), values.ravel(), "o", **dots)
    clean = record.clean.mean()
    axes.axhline(clean, color=INK, lw=1.5, ls="--", label="not shifted")
    axes.set_xticks(places, [_wrapped(name) for name in record.names])
    axes.tick_params(axis="x", length=0)
    axes.set(ylabel="test accuracy", ylim=(0, 1.02), xlim=(-0.55, len(places) - 0.45))
    axes.grid(axis="y", color=QUIET, alpha=0.25, lw=0.8)
    axes.set_axisbelow(True)
    handles, labels = axes.get_legend_handles_labels()
    outside = {"loc": "outside upper center", "ncols": 3, "frameon": False}
    figure.legend(handles, labels, fontsize=points(), **outside)
    arms = " / ".join(label for _, label, _ in ARMS)
    told = "; ".join(
        f"{name}: {' / '.join(_spread(getattr(record, field)[k]) for field, *_ in ARMS)}"
        for k, name in enumerate(record.names)
    )
    caption = (
        f"Test accuracy in per cent, mean ± sd over {seeds} seeds; on images that were not shifted "
        f"{_spread(record.clean)}. On shifted ones ({arms}): {told}."
    )
    return Static(figure, caption)


def _wrapped(name: str) -> str:
    """Break a name into short lines, but no number away from its sign."""
    return fill(re.sub(r"([×+]) ", "\\1\N{NO-BREAK SPACE}", name), NAME)


def _spread(values: np.ndarray) -> str:
    """Write mean and sd over the seeds (S,), in per cent."""
    return f"{100 * values.mean():.1f} ± {100 * values.std(ddof=1):.1f}"
