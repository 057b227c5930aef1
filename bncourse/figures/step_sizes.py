"""The error of a numerical gradient against its step: rounding on the left, truncation right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, INK, QUIET, new_figure, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.gradient_check import StepSizes

# For each kind its look, and where the text of its best step stands free: offset, alignment.
LOOKS = (
    ({"color": QUIET, "marker": "s", "ls": "--"}, (0, 14, "center", "bottom")),
    ({"color": BATCH, "marker": "o", "ls": "-"}, (0, -14, "center", "top")),
    ({"color": INK, "marker": "^", "ls": "-."}, (12, -8, "left", "top")),
)


def step_sizes(record: StepSizes) -> Static:
    """Return relative error against step size, log-log: medians, and bands between quartiles.

    The best step of each kind has a ring and its numbers. A slope of 1 or 2 on the right is that
    of a truncation error like h or h².
    """
    figure, (axes,) = new_figure(880, 450)
    told = []
    for k, (kind, (look, place)) in enumerate(zip(record.kinds, LOOKS, strict=True)):
        low, high = record.quartiles[:, k]
        axes.fill_between(record.steps, low, high, color=look["color"], alpha=0.15, lw=0)
        axes.plot(record.steps, record.median[k], lw=2, ms=7, mec="white", label=kind, **look)
        told.append(_best(axes, record, kind, look["color"], place))
    lowest = record.median.min()
    axes.set(xscale="log", yscale="log", ylim=(lowest / 300, 400))
    axes.set_xticks(record.steps, [f"1e-{k}" for k in _decades(record.steps)])
    axes.set_yticks(10.0 ** np.arange(-12, 2, 2), [_power(k) for k in range(-12, 2, 2)])
    axes.minorticks_off()
    axes.grid(axis="y", color="#E8E8E8")
    axes.set_axisbelow(True)
    axes.set(xlabel="step h, every entry of x moves by h up or down", ylabel="relative error")
    for x, side, text in ((0.01, "left", "← smaller h: rounding"),
                          (0.99, "right", "larger h: truncation →")):  # fmt: skip
        axes.text(x, 0.98, text, transform=axes.transAxes, ha=side, va="top", color=QUIET,
                  fontsize=points())  # fmt: skip
    outside = {"loc": "outside upper center", "ncols": 3, "frameon": False}
    figure.legend(fontsize=points(), **outside)
    caption = (
        f"Median relative error of the numerical slope over {record.errors.shape[1]} random "
        f"batches and directions; bands hold the middle half. Best steps: {'; '.join(told)}. To "
        "the left of the best step rounding grows like 1 / h; to the right truncation grows, like "
        f"h one-sided, like h² central.{_lost(record)}"
    )
    return Static(figure, caption)


def _best(
    axes: Axes, record: StepSizes, kind: str, colour: str, place: tuple[int, int, str, str]
) -> str:
    step, error = (_short(value) for value in record.best(kind))
    across, up, ha, va = place
    axes.plot(*record.best(kind), "o", ms=15, mfc="none", mec=colour, mew=2)
    axes.annotate(
        f"h = {step}\nerror {error}",
        record.best(kind),
        (across, up),
        textcoords="offset points",
        ha=ha,
        va=va,
        color=colour,
        fontsize=points(),
    )
    return f"{kind}, h = {step} with error {error}"


def _lost(record: StepSizes) -> str:
    """Say from which step on the median difference quotient is 0, if one is."""
    for kind, median in zip(record.kinds, record.median, strict=True):
        if (median == 1).any():
            step = _short(float(record.steps[median == 1].max()))
            return (
                f" In {kind.split(', ')[1]} steps from h = {step} down are lost: in most batches "
                "the numerical slope is 0 and its error 1."
            )
    return ""


def _short(value: float) -> str:
    return f"{value:.0e}".replace("e-0", "e-")


def _decades(steps: np.ndarray) -> list[int]:
    return [round(-np.log10(step)) for step in steps]


def _power(k: int) -> str:
    return "1" if k == 0 else f"1e{k}"
