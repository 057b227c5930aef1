"""Weights in front of BN under weight decay: how long they are, and how fast they turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import (
    BATCH,
    DASHES,
    FEATURE,
    INK,
    QUIET,
    TEXT,
    new_figure,
    number,
    points,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.decayed_nets import Run
    from bncourse.experiments.weight_decay import WeightDecay

HEIGHT = 340
MERGED = 8  # windows that make one point of the rotation
LINES = tuple(DASHES[k] for k in (1, 0, 4, 2, 3))
COLOURS = (QUIET, INK, BATCH, FEATURE, "#8A5A00")


def weight_decay(record: WeightDecay) -> Static:
    """Return two panels over the updates: length of the weights, and rotation per update.

    Lines are means over the seeds, bands their range (an outline without decay, where two bands
    overlap). In the right panel a thin line over the second half of each run is
    sqrt(2 * rate * decay), where decay and growth are in balance.
    """
    figure, (left, right) = new_figure(890, HEIGHT, widths=(1, 1))
    window = record.runs[0].updates[1]
    told = []
    for run, colour, dashes in zip(record.runs, COLOURS, LINES, strict=True):
        updates = run.updates
        lengths = run.length / run.length[:, :1]
        degrees = _merged(run)
        middles = (np.arange(degrees.shape[1]) + 0.5) * MERGED * window
        for axes, x, y in ((left, updates[::2], lengths[:, ::2]), (right, middles, degrees)):
            axes.plot(x, y.mean(axis=0), color=colour, ls=dashes, lw=2)
            low, high = y.min(axis=0), y.max(axis=0)
            if run.decay:
                axes.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
            else:
                axes.fill_between(x, low, high, facecolor="none", edgecolor=colour, lw=0.8)
        late = np.degrees(run.late_rotation())
        text = (
            f"decay {number(run.decay)}: length {number(lengths[:, -1].mean(), 2)}, effective "
            f"rate {number(run.effective_rate[:, -1].mean(), 2)}, {number(late.mean(), 2)} degrees "
            f"per update"
        )
        if run.balance:
            right.axhline(np.degrees(run.balance), xmin=0.5, color=INK, lw=1, zorder=3)
            text += f" (in balance {number(np.degrees(run.balance), 2)})"
        told.append(text)
    right.set_title("thin: √(2 · rate · decay)")
    right.set_xlim(left.get_xlim())
    left.set(xlabel="updates", ylabel="length of the weights / at the start", ylim=(0, None))
    right.set(xlabel="updates", ylabel="rotation per update, in degrees", yscale="log")
    ticks = [tick for tick in (0.01, 0.1, 1, 10, 100) if _inside(right, tick)]
    right.set_yticks(ticks, [f"{number(tick)}°" for tick in ticks])
    right.minorticks_off()
    names = [number(run.decay) if run.decay else "no decay" for run in record.runs]
    _name_ends(left, names, [(run.length / run.length[:, :1])[:, -1].mean() for run in record.runs])
    _name_ends(right, names, [_merged(run)[:, -1].mean() for run in record.runs])
    run = record.runs[0]
    caption = (
        f"Weights before BN at rate {number(run.rate)}, {len(run.seeds)} seeds (lines are means, "
        f"bands and thin outlines ranges): length after {run.updates[-1]:,} updates over "
        f"length at the start, effective rate (the rate over the square of that), and root mean "
        f"square rotation of the second half. {'; '.join(told)}."
    )
    return Static(figure, caption)


def _merged(run: Run) -> np.ndarray:
    """Return the root mean square rotation, in degrees, of `MERGED` windows at a time."""
    squares = np.degrees(run.rotation) ** 2
    return np.sqrt(squares.reshape(len(squares), -1, MERGED).mean(axis=2))


def _inside(axes: Axes, value: float) -> bool:
    low, high = axes.get_ylim()
    return low <= value <= high


def _name_ends(axes: Axes, names: list[str], ends: list[float]) -> None:
    """Write the decays right of their lines' ends, apart from each other."""
    to_axes = axes.transScale + axes.transLimits
    places = np.array([to_axes.transform((1.0, end))[1] for end in ends])
    apart = 1.3 * TEXT / (0.75 * HEIGHT)  # the axes are about that share of the figure
    order = np.argsort(places, kind="stable")
    spread = places[order]
    for k in range(1, len(spread)):  # push up what stands too near
        spread[k] = max(spread[k], spread[k - 1] + apart)
    spread -= (spread - places[order]).max() / 2
    for k, place in zip(order, spread, strict=True):
        axes.annotate(
            names[k],
            (1.02, place),
            xycoords="axes fraction",
            va="center",
            fontsize=points(),
            color=COLOURS[k],
            annotation_clip=False,
        )
