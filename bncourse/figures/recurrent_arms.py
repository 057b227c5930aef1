"""Batch norm in recurrent nets: test accuracy by what the statistics are taken from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, FAINT, FEATURE, INK, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.recurrent_arms import RecurrentArms

WIDTH, HEIGHT = 890, 400
STEPS = (16, 64)
# The arms drawn and how they are called under the axis, with where gamma starts; the learning rate
# is added, as it differs.
ARMS = {
    "none": "no norm",
    "layer 1": "layer\nnorm,\ngamma 1",
    "shared 0.1": "BN,\nshared,\ngamma 0.1",
    "per step 0.1": "BN,\nper step,\ngamma 0.1",
}
# What an evaluation is called, with its attribute, colour and marker.
KINDS = (
    ("evaluation mode", "evaluated", INK, "o"),
    ("running statistics re-estimated", "re_estimated", BATCH, "s"),
    ("the batch's own statistics", "by_batch", FEATURE, "^"),
)
APART, ASIDE = 0.26, 0.1  # of the kinds, of seeds from their mean; in places of the axis


def recurrent_arms(record: RecurrentArms, budget: int = 1) -> Static:
    """Return one panel for T = 16 and one for T = 64: arms by kind of statistics.

    Small dots are seeds, large markers their means; `budget` is 0 for the shorter one.
    """
    figure, panels = new_figure(WIDTH, HEIGHT, widths=(1, 1))
    told = []
    for axes, steps in zip(panels, STEPS, strict=True):
        case = list(zip(record.steps, record.starts, strict=True)).index((steps, "orthogonal"))
        told.append(_panel(axes, record, case, budget))
    panels[0].set_ylabel("test accuracy in %", fontsize=points())
    low = min(axes.get_ylim()[0] for axes in panels)
    for axes in panels:
        axes.set_ylim(max(0, low), 101)
    handles, labels = panels[0].get_legend_handles_labels()
    once = {label: handle for handle, label in zip(handles, labels, strict=True)}
    figure.legend(
        once.values(), once.keys(), loc="outside upper center", ncols=3, fontsize=points(),
        frameon=False, handletextpad=0.1,
    )  # fmt: skip
    caption = (
        f"Test accuracy in percent, mean (sd over {len(record.seeds)} seeds); small dots are "
        f"seeds. gamma is where it starts. 'BN, shared' and 'BN, per step' are one kind of net and "
        f"differ in what evaluation takes, but each has the learning rate that is best for its own "
        f"evaluation. {' '.join(told)}"
    )
    return Static(figure, caption)


def _panel(axes: Axes, record: RecurrentArms, case: int, budget: int) -> str:
    told, names = [], []
    for place, (arm, name) in enumerate(ARMS.items()):
        a = record.arms.index(arm)
        names.append(f"{name},\nrate {record.rates[case, a, budget]:g}")
        said = []
        for k, (label, attribute, colour, marker) in enumerate(KINDS):
            values = 100 * getattr(record, attribute)[case, a, budget]
            if np.isnan(values).any():
                continue
            several = np.isfinite(record.re_estimated[case, a, budget]).all()
            x = place + (APART * (k - 1) if several else 0)
            axes.plot(np.full(len(values), x + ASIDE), values, ".", color=colour, ms=6, alpha=0.6)
            axes.plot(
                [x], [values.mean()], marker, color=colour, ms=10, mec="white", ls="none",
                label=label,
            )  # fmt: skip
            sd = number(values.std(ddof=1), 1)
            said.append(f"{label} {number(values.mean(), 1)} ({sd})")
        plain = names[-1].replace("\n", " ")
        told.append(f"{plain}: {', '.join(said)}")
    steps, updates = record.steps[case], record.budgets[case][budget]
    axes.set_xticks(range(len(ARMS)), names)
    axes.set(xlim=(-0.5, len(ARMS) - 0.5), title=f"{steps} steps, {updates} updates")
    axes.grid(axis="y", color=FAINT, lw=0.8)
    axes.set_axisbelow(True)
    return f"T = {steps}, {updates} updates: {'; '.join(told)}."
