"""Noisy batch norm: accuracy while learning, and against how much the distributions jump."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, INK, QUIET, TEXT, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.noisy_batch_norm import NoisyRun

HEIGHT = 400
# By strength of the noise, from none: dash and marker.
LOOKS = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"), ((0, (6, 1, 1, 1, 1, 1)), "P"))


def noisy_batch_norm(runs: Sequence[NoisyRun]) -> Static:
    """Return accuracy over updates, and the updates to 90 % over the jump of the distributions.

    ``runs`` are arms of `experiments.noisy_batch_norm`, for instance ``record.best``. Left: medians
    over the seeds, at updates that lie apart on the axis. Right: one marker per seed; seeds that
    never got there stand at the top. Raises ValueError without runs.
    """
    if not runs:
        raise ValueError("nothing to draw")
    figure, (left, right) = new_figure(890, HEIGHT, widths=(1.1, 1))
    last = int(runs[0].updates[-1])
    never = 1.6 * last
    handles, drawn = [], _thinned(runs[0].updates)
    for run, look in zip(runs, _looks(runs), strict=True):
        median = 100 * np.median(run.accuracy, axis=0)
        marked = {**look, "markevery": [-1]}
        (handle,) = left.plot(
            run.updates[drawn], median[drawn], lw=2, ms=7, **marked, label=_label(run)
        )
        handles.append(handle)
        reached = np.minimum(run.updates_to(), never)
        # Seeds with equal numbers must not hide each other.
        aside = np.linspace(-0.02, 0.02, len(reached))
        right.plot(run.jump + aside, reached, ms=8, mew=1.6, **{**look, "ls": "none"})
    left.set(xscale="log", xlim=(9, 1.1 * last), ylim=(50, 101))
    left.set(xlabel="updates", ylabel="test accuracy in %, median")
    ticks = _ticks(last)
    left.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    left.minorticks_off()
    _axis_of_updates(right, last, never)
    right.set_xlabel("jump of the means till then, sds per update")
    right.set_xlim(-0.08, 1.08 * max(np.nanmax(run.jump) for run in runs))
    for axes in (left, right):
        axes.grid(axis="y", color=QUIET, alpha=0.25, lw=0.8)
    figure.legend(
        handles=handles, loc="outside lower center", ncols=3, frameon=False,
        fontsize=points(TEXT), handlelength=3.8, columnspacing=1.4,
    )  # fmt: skip
    return Static(figure, _caption(runs))


def _thinned(updates: np.ndarray) -> np.ndarray:
    """Return the places to draw: each at least a tenth later than the one before, and the last.

    On a logarithmic axis the later ones would lie so close that a line zigzags.
    """
    places = [len(updates) - 1]
    for k in range(len(updates) - 2, -1, -1):
        if 1.1 * updates[k] <= updates[places[-1]]:
            places.append(k)
    return np.array(places[::-1])


def _looks(runs: Sequence[NoisyRun]) -> list[dict[str, Any]]:
    """Blue and filled is with BN, black and empty without; dash and marker tell the strength."""
    looks, seen = [], {True: 0, False: 0}
    for run in runs:
        with_bn = run.name.startswith("with BN")
        dash, marker = LOOKS[seen[with_bn] % len(LOOKS)]
        seen[with_bn] += 1
        colour = BATCH if with_bn else INK
        looks.append(
            {"color": colour, "ls": dash, "marker": marker, "mfc": colour if with_bn else "white"}
        )
    return looks


def _axis_of_updates(axes: Axes, last: int, never: float) -> None:
    axes.set(yscale="log", ylim=(9, 1.25 * never), title="updates to 90 %, each seed")
    ticks = _ticks(last)
    axes.set_yticks([*ticks, never], [*(f"{tick:,}" for tick in ticks), "never"])
    axes.minorticks_off()


def _ticks(last: int) -> list[int]:
    return [tick for tick in (10, 20, 50, 100, 200, 500, 1000, 2000) if tick <= last]


def _label(run: NoisyRun) -> str:
    return f"{run.name} ({number(run.rate, 5)})"


def _caption(runs: Sequence[NoisyRun]) -> str:
    told = []
    for run in runs:
        ends, median = 100 * run.accuracy[:, -1], float(np.median(run.updates_to()))
        reached = int(np.isfinite(run.updates_to()).sum())
        jump = np.nanmean(run.jump)
        told.append(
            f"{_label(run)}: jump {'under 0.01' if 0 < jump < 0.005 else f'{jump:.2f}'} sds, "
            f"{reached} of {len(ends)} seeds at 90 %"
            + (f", median after {median:.0f} updates" if np.isfinite(median) else "")
            + f", at the end {ends.mean():.1f} ± {ends.std(ddof=1):.1f} %"
        )
    return (
        f"Test accuracy over {int(runs[0].updates[-1]):,} updates, {len(runs[0].accuracy)} seeds "
        f"(learning rates in brackets, "
        f"± is the sd over seeds), and updates to 90 % against how far the mean of what goes into "
        f"a ReLU jumps from one update to the next until then, in sds. {'; '.join(told)}."
    )
