"""Which learning rates a net can be trained at: accuracy over the rate, by kind of norm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, FEATURE, INK, QUIET, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bncourse.experiments.rate_range import RateRange

TARGET = 90  # percent
# Colour, dash and marker of every kind of norm; the name that is drawn.
LOOKS = {
    "none": ("no norm", INK, "--", "s"),
    "batch": ("batch norm", BATCH, "-", "o"),
    "layer": ("layer norm", FEATURE, "-.", "^"),
}


def rate_range(record: RateRange, net: str, budget: int | None = None) -> Static:
    """Return a panel for this budget, or one for each: test accuracy against the learning rate.

    Lines are medians over the seeds, bands reach from the worst seed to the best. The bars above
    mark the usable rates, those where the worst seed has 90 %. Raises ValueError for a net or a
    budget that the record does not have.
    """
    if net not in record.nets:
        raise ValueError(f"{net!r} was not measured; there are {', '.join(record.nets)}")
    budgets = record.budgets if budget is None else (budget,)
    n, places = record.nets.index(net), [record.budgets.index(b) for b in budgets]
    figure, panels = new_figure(890 if len(budgets) > 1 else 600, 430, widths=(1,) * len(budgets))
    panels = np.atleast_1d(panels)
    usable = record.usable(TARGET / 100)
    ratios = record.times_higher(TARGET / 100)
    told = []
    for t, axes, budget in zip(places, panels, budgets, strict=True):
        each = []
        for a, norm in enumerate(record.norms):
            draw_accuracy(axes, record.rates, record.accuracy[n, a, :, t], norm)
            _bar(axes, record.rates, usable[n, a, :, t], 118 - 6 * a, norm)
            tail = ""
            if norm != "none" and np.isfinite(ratios[n, a, t]):
                tail = f", the largest {number(ratios[n, a, t], 3)} times that without norm"
            each.append(f"{LOOKS[norm][0]} {_range(record.rates, usable[n, a, :, t])}{tail}")
        _axes(axes, record.rates, f"after {budget:,} updates")
        told.append(f"After {budget:,} updates: {'; '.join(each)}.")
    panels[0].set_ylabel("test accuracy in %; bands: worst to best")
    for axes in panels[1:]:
        axes.tick_params(labelleft=False)
    name_norms(figure, panels[0])
    caption = (
        f"{net}: test accuracy at learning rates from {rate_name(record.rates[0])} to "
        f"{rate_name(record.rates[-1])}, medians of {len(record.seeds)} seeds, bands from the "
        f"worst seed to the best; 0 after an overflow. Usable rates (every seed at {TARGET} %), "
        f"the bars: {' '.join(told)}"
    )
    return Static(figure, caption)


def draw_accuracy(axes: Axes, x: np.ndarray, accuracy: np.ndarray, norm: str) -> None:
    """Draw the median over the seeds with a band from worst to best: x (K,), accuracy (K, S)."""
    name, colour, dashes, marker = LOOKS[norm]
    percent = 100 * accuracy
    axes.fill_between(x, percent.min(1), percent.max(1), color=colour, alpha=0.16, lw=0)
    look = {"color": colour, "ls": dashes, "marker": marker, "ms": 6, "mec": "white", "mew": 0.6}
    axes.plot(x, np.median(percent, axis=1), lw=2, label=name, **look)


def name_norms(figure: Figure, axes: Axes) -> None:
    """Write above the panels which line is which."""
    handles, labels = axes.get_legend_handles_labels()
    outside = {"loc": "outside upper center", "ncols": len(labels), "frameon": False}
    figure.legend(handles, labels, fontsize=points(), handlelength=3, **outside)


def rate_name(rate: float) -> str:
    """Write a power of two: 4, or 1/4."""
    return f"1/{number(1 / rate)}" if rate < 1 else number(rate)


def _bar(axes: Axes, rates: np.ndarray, usable: np.ndarray, height: float, norm: str) -> None:
    """Mark the usable rates at a height: points, joined where neighbours are usable."""
    _, colour, _, marker = LOOKS[norm]
    y = np.where(usable, height, np.nan)
    axes.plot(rates, y, color=colour, lw=4, marker=marker, ms=6, solid_capstyle="butt")


def _axes(axes: Axes, rates: np.ndarray, title: str) -> None:
    axes.axhline(TARGET, color=QUIET, lw=1.2, ls=":")
    axes.axhline(102, color=QUIET, lw=0.8)
    axes.set(xscale="log", xlabel="learning rate", title=title, ylim=(-3, 123))
    axes.set_xlim(rates[0] / 1.4, rates[-1] * 1.4)
    ticks = [rate for rate in rates if round(np.log2(rate)) % 2 == 0]
    ticks = ticks[::2] if len(ticks) > 7 else ticks
    axes.set_xticks(ticks, [rate_name(tick) for tick in ticks])
    axes.minorticks_off()
    shares = [0, 20, 40, 60, 80, TARGET, 100]
    axes.set_yticks([*shares, 112], [*map(str, shares), "usable"])


def _range(rates: np.ndarray, usable: np.ndarray) -> str:
    """Name the usable rates, each run of neighbours from its lowest to its highest."""
    places = np.flatnonzero(usable)
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    ends = [
        dict.fromkeys(rate_name(rates[k]) for k in (run[0], run[-1])) for run in runs if len(run)
    ]
    return ", ".join(" to ".join(names) for names in ends) or "none"


def median_row(accuracy: np.ndarray) -> Sequence[float]:
    """Return the medians over the seeds in percent: (K, S) to K numbers."""
    return (100 * np.median(accuracy, axis=-1)).tolist()
