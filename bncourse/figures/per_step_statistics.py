"""An unrolled net with batch norm: every step's statistics, and gradients on their way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import (
    BATCH,
    DPI,
    FAINT,
    FEATURE,
    INK,
    PAPER,
    QUIET,
    TEXT,
    number,
    numbers,
    points,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.recurrent_arms import RecurrentArms
    from bncourse.experiments.recurrent_gradients import RecurrentGradients

WIDTH, HEIGHT = 890, 470
BOXES = 16  # of the unrolled net; with more steps than that, a box stands for several
BEYOND = 0.25  # share of the steps drawn once more, those that training never had
UNIT_DASHES = ("-", "--", "-.")
# Colour repeats the weights, dash the gamma; names stand at the lines.
LINES = {"identity": FEATURE, "orthogonal": BATCH}
GAMMA_DASHES = ("-", "--")


def per_step_statistics(
    record: RecurrentArms, gradients: RecurrentGradients, steps: int = 64
) -> Static:
    """Return the figure: unrolled net, mean and variance of z at each step, gradient norms.

    The band holds the middle half of the units, the lines are three of them. Gradient norms are
    medians over the seeds. Raises KeyError if the record has no statistics for that T.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subfigures(1, 2, width_ratios=(1.45, 1))
    strip, mean, var = left.subplots(3, 1, sharex=True, height_ratios=(0.62, 1, 1))
    lines = right.subplots()
    for axes in (mean, var, lines):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=points())
    _unrolled(strip, steps)
    pairs = ((mean, "mean", record.unit_mean, record.quartiles_mean),)
    pairs += ((var, "variance", record.unit_var, record.quartiles_var),)
    for axes, name, units, quartiles in pairs:
        _by_step(axes, name, units[steps], quartiles[steps])
    var.set_xlabel("step", fontsize=points())
    _gradients(lines, gradients)
    return Static(figure, _caption(record, gradients, steps))


def _unrolled(axes: Axes, steps: int) -> None:
    """Draw one box for each step, arrows between them, and what comes after T_max dashed."""
    wide = max(1, steps // BOXES)
    axes.set(xlim=(-0.8 * wide, steps + BEYOND * steps - 0.2 * wide), ylim=(-1, 1.9))
    axes.axis("off")
    for t in np.arange(0, steps + BEYOND * steps, wide) + (wide - 1) / 2:
        seen = t < steps
        box = {"ec": INK if seen else QUIET, "fc": PAPER, "ls": "-" if seen else ":", "lw": 1.3}
        axes.add_patch(_rectangle(t - 0.33 * wide, -0.35, 0.66 * wide, 0.7, **box))
        if t >= wide:
            axes.plot(
                [t - 0.67 * wide, t - 0.33 * wide], [0, 0], color=box["ec"], lw=1.3, ls=box["ls"]
            )
        axes.plot([t, t], [-0.8, -0.35], color=box["ec"], lw=1.3, ls=box["ls"])
    axes.text(-0.5 * wide, 1.25, "h and x go through one cell", fontsize=points(), va="center")
    axes.text(
        steps - 0.5 - 0.3 * wide,
        1.25,
        f"T_max = {steps}",
        fontsize=points(),
        ha="right",
        va="center",
    )
    axes.plot([steps - 0.5] * 2, [-1, 1.7], color=INK, lw=1.5)
    axes.text(
        steps - 0.5 + 0.25 * wide, 1.25, "never seen", fontsize=points(), va="center", color=QUIET
    )


def _by_step(axes: Axes, name: str, units: np.ndarray, quartiles: np.ndarray) -> None:
    steps = len(units)
    at = np.arange(steps)
    axes.fill_between(at, quartiles[:, 0], quartiles[:, 2], color=FAINT, lw=0)
    for unit, dashes in enumerate(UNIT_DASHES):
        axes.plot(at, units[:, unit], color=INK, ls=dashes, lw=1.4)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0) if name == "variance" else low, high)
    axes.axvline(steps - 0.5, color=INK, lw=1.5)
    axes.text(
        steps * (1 + BEYOND / 2) - 0.5,
        0.5,
        "?",
        transform=axes.get_xaxis_transform(),
        fontsize=points(34),
        ha="center",
        va="center",
        color=FEATURE,
    )
    axes.set_ylabel(f"{name} of z", fontsize=points())
    axes.set_xticks(np.arange(0, steps * (1 + BEYOND), max(4, steps // 4)))


def _gradients(axes: Axes, record: RecurrentGradients) -> None:
    """Draw the median norms from the last state back to the first."""
    last = int(record.steps[-1])
    back = last - record.steps
    for norms, kind in zip(record.norms, record.weights, strict=True):
        for rows, gamma, dashes in zip(norms, record.gammas, GAMMA_DASHES, strict=True):
            # The first pixels are nearly all paper: their steps are another story.
            shown = record.steps >= _first_shown(record)
            middle = np.median(rows, axis=0)[shown]
            axes.plot(
                back[shown],
                middle,
                color=LINES[kind],
                ls=dashes,
                lw=2.4,
                label=f"gamma {number(gamma)}, {kind}",
            )
    axes.set(yscale="log", xlabel="steps back from the last state")
    axes.set_title("gradient norm (last state = 1)", fontsize=points(TEXT + 1))
    axes.xaxis.label.set_size(points())
    axes.axhline(1, color=QUIET, lw=0.8)
    axes.minorticks_off()
    low, high = axes.get_ylim()
    axes.set_ylim(low * (low / high) ** 0.45, high)  # room for the names
    axes.legend(loc="lower left", fontsize=points(), frameon=False, handlelength=2.6)


def _first_shown(record: RecurrentGradients) -> int:
    return min(8, int(record.steps[-1]) // 2)


def _caption(record: RecurrentArms, gradients: RecurrentGradients, steps: int) -> str:
    var, mean = record.quartiles_var[steps], record.quartiles_mean[steps]
    late = var[steps // 2 :, 1]
    swing = np.ptp(record.unit_mean[steps][1:, : len(UNIT_DASHES)], axis=0)
    case = list(zip(record.steps, record.starts, strict=True)).index((steps, "orthogonal"))
    updates = int(record.budgets[case][1])
    last = int(gradients.steps[-1])
    first = last // 2
    told = []
    for norms, kind in zip(gradients.norms, gradients.weights, strict=True):
        for rows, gamma in zip(norms, gradients.gammas, strict=True):
            across = rows[:, first]
            told.append(
                f"gamma {number(gamma)} with {kind} weights {_brief(np.median(across))} "
                f"({_brief(across.min())} to {_brief(across.max())})"
            )
    return (
        f"Left: a net that reads a digit in {steps} steps, after {updates} updates; running mean "
        f"and variance of z at each step, the middle half of the units in grey and three units as "
        f"lines. Median variance of the units: {numbers(var[:3, 1], 2)} at steps 0 to 2, then "
        f"{number(late.min(), 2)} to {number(late.max(), 2)} in the second half. The units' means "
        f"do not settle, as each step reads another place: from step 1 on those of the three span "
        f"{numbers(swing, 2)}, while the "
        f"median over all units stays between {number(mean[:, 1].min(), 2)} and "
        f"{number(mean[:, 1].max(), 2)}. T_max = {steps}, the steps of training: from step {steps} "
        f"on there are no statistics, and which ones shall step {steps + 6} take? Right: norm of a "
        f"gradient {last - first} steps back, the norm at the last state being 1, before training, "
        f"with small input weights, median (range) of {len(gradients.seeds)} seeds: "
        f"{'; '.join(told)}."
    )


def _brief(value: float) -> str:
    return number(value, 2 if value < 10 else 0)


def _rectangle(x: float, y: float, width: float, height: float, **look):
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, **look)
