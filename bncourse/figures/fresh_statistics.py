"""Early in training: accuracy with running averages, with a batch's and with fresh statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, CHANGED, FEATURE, INK, QUIET, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.averages_lag import AveragesLag

LOOKS = (("o", ":"), ("v", "-."), ("s", "--"), ("D", "-"), ("P", (0, (6, 1, 1, 1))), ("X", "--"))
LOWEST, HIGHEST = -10.5, 2  # points


def fresh_statistics(record: AveragesLag) -> Static:
    """Return test accuracy against updates, and how far each is from that of fresh statistics.

    Markers are means over seeds, bars their standard deviation. One line for each momentum, the
    darker the larger; one for the statistics of the test batch, one for recomputed ones. The right
    panel takes differences seed by seed, in points; what lies far below it is left out.
    """
    figure, (left, right) = new_figure(880, 420, widths=(1, 1))
    arms = [
        *((_name(m), run) for m, run in zip(record.momenta, record.running, strict=True)),
        ("test batch", record.batch),
        ("recomputed", record.precise),
    ]
    for k, (label, run) in enumerate(arms):
        look, shift = _look(k, len(record.momenta)), (k + 0.5) / len(arms) - 0.5
        _line(left, run, label, look, shift)
        _line(right, 100 * (run - record.precise), label, look, shift)
    for axes in (left, right):
        axes.set_xticks(range(len(record.updates)), [f"{n:,}" for n in record.updates])
        axes.set_xlabel("updates")
        axes.grid(axis="y", color=QUIET, alpha=0.25, lw=0.8)
    left.set(ylabel="test accuracy", ylim=(0, 1.02))
    right.set(ylabel="minus recomputed, points", ylim=(LOWEST, HIGHEST))
    handles, labels = left.get_legend_handles_labels()
    outside = {"loc": "outside upper center", "ncols": 3, "frameon": False}
    figure.legend(handles, labels, fontsize=points(), **outside)
    caption = (
        f"Test accuracy in per cent after {', '.join(f'{n:,}' for n in record.updates)} updates, "
        f"mean ± sd over {len(record.batch)} seeds: with the running averages of each momentum, "
        "with the statistics of a batch of test images, with those recomputed on the training set. "
        f"{'; '.join(f'{label}: {_each(run)}' for label, run in arms)}. Minus that with recomputed "
        "statistics, seed by seed, in points. "
        f"{'; '.join(f'{name}: {_each(run - record.precise)}' for name, run in arms[:-1])}."
    )
    return Static(figure, caption)


def _line(axes: Axes, run: np.ndarray, label: str, look: dict, shift: float) -> None:
    """Draw accuracies (S, T), ``shift`` of a tick beside the others'."""
    across = np.arange(run.shape[1]) + 0.6 * shift
    spread = run.std(axis=0, ddof=1)
    axes.errorbar(across, run.mean(axis=0), spread, label=label, elinewidth=1.2, **look)


def _look(k: int, momenta: int) -> dict:
    if k >= momenta:
        colour, mark = ((BATCH, "^"), (INK, "*"))[k - momenta]
        return {"color": colour, "marker": mark, "ms": 10, "lw": 2.2, "mec": "white"}
    mark, dashes = LOOKS[k % len(LOOKS)]
    colour = _between((CHANGED, FEATURE, INK), 0.9 * k / max(momenta - 1, 1))
    return {"color": colour, "marker": mark, "ms": 7, "lw": 1.5, "ls": dashes, "mec": INK}


def _between(colours: Sequence[str], share: float) -> list[float]:
    """Return the colour at ``share`` of the way from the first to the last."""
    parts = np.array([[int(c[k : k + 2], 16) / 255 for k in (1, 3, 5)] for c in colours])
    stops = np.linspace(0, 1, len(colours))
    return [float(np.interp(share, stops, part)) for part in parts.T]


def _name(momentum: float | None) -> str:
    return "None, plain average" if momentum is None else f"momentum {number(momentum)}"


def _each(run: np.ndarray) -> str:
    """Write mean and sd over seeds, (S, T), in per cent, one for each time."""
    # Adding 0 makes a 0 of -0.
    pairs = zip(100 * run.mean(axis=0), 100 * run.std(axis=0, ddof=1), strict=True)
    return ", ".join(f"{round(mean, 1) + 0.0:.1f} ± {spread:.1f}" for mean, spread in pairs)
