"""The sigmoid net with and without BN: test accuracy, and which part of the sigmoid is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from ipywidgets import Widget

from bncourse.figures.dial import Stops
from bncourse.figures.gate import Number
from bncourse.figures.interactive import Chart, Record, note
from bncourse.figures.show import Static
from bncourse.figures.sigmoid_arms import (
    Arm,
    count_updates,
    full_name,
    look,
    nearest,
    percent,
    triple,
    without_and_with,
)
from bncourse.figures.style import BATCH, FAINT, GUESS, INK, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bncourse.experiments.sigmoid_nets import SigmoidNets

ASKED = 100  # updates, in the prediction
TARGET = 0.9  # test accuracy, for the caption


def accuracy_and_percentiles(record: SigmoidNets) -> Static:
    """Return test accuracy against updates, and percentiles 15, 50, 85 of one unit's input.

    Every seed is a thin line and their median a thick one; the percentiles are those of the first
    seed's unit, without and with BN.
    """
    figure, (left, *panels) = new_figure(900, 360, widths=(1.5, 1, 1))
    for run in record.runs:
        drawn, median = look(record, run), 100 * np.median(run.accuracy, axis=0)
        left.plot(run.steps, 100 * run.accuracy.T, color=drawn["color"], lw=0.7, alpha=0.4)
        left.plot(run.steps, median, lw=2.2, ms=7, markevery=0.15, label=full_name(run), **drawn)
    left.set(ylabel="test accuracy, %", ylim=(0, 102))
    outside = {"loc": "outside upper center", "ncols": 2, "frameon": False, "handlelength": 3.5}
    figure.legend(fontsize=points(), **outside)
    pair = without_and_with(record)
    limit = 1.1 * max(np.abs(run.percentiles[0]).max() for run in pair)
    for axes, run, colour in zip(panels, pair, (INK, BATCH), strict=True):
        low, middle, high = run.percentiles[0].T
        axes.fill_between(run.steps, low, high, color=colour, alpha=0.2, lw=0)
        axes.plot(run.steps, low, run.steps, high, color=colour, lw=1, ls=":")
        axes.plot(run.steps, middle, color=colour, lw=2.2)
        axes.set_ylim(-limit, limit)
        axes.set_title(run.name, fontsize=points())
    panels[0].set_ylabel("input of one unit")
    for axes in (left, *panels):
        count_updates(axes, record.runs[0].steps[-1])
    arms = [
        f"{full_name(run)}, {_updates(np.median(record.updates_to(run, TARGET)))} and "
        f"{percent(np.median(run.accuracy[:, -1]))}"
        for run in record.runs
    ]
    inputs = [f"{run.name}, {triple(run.percentiles[0, -1])}" for run in pair]
    caption = (
        f"Updates to a test accuracy of {percent(TARGET)}, and accuracy after "
        f"{record.runs[0].steps[-1]:,} updates, medians of {len(record.seeds)} seeds: "
        f"{'; '.join(arms)}. Percentiles 15, 50 and 85 of one unit's input at the end: "
        f"{'; '.join(inputs)}."
    )
    return Static(figure, caption)


def _updates(count: float) -> str:
    return number(count, 0) if np.isfinite(count) else "never"


class ScrubRun(Chart):
    """Scrub through training: accuracy so far, and the part of the sigmoid that one unit uses.

    The state is ``update``, the number of updates. Curves are drawn up to it, so that nothing is
    given away before the prediction.
    """

    name = "scrub_run"
    title = "A sigmoid net, without and with batch normalisation"
    questions = (
        Number(
            "accuracy",
            f"After {ASKED} updates, what is the test accuracy of the net without BN, in percent?",
            low=0,
            high=100,
        ),
    )
    gap = (
        "Compare how much of the sigmoid the two nets use. How well can each unit tell one image "
        "from another, and what may that have to do with the accuracies?"
    )

    def __init__(self, nets: SigmoidNets, record: Record = note) -> None:
        self.nets = nets
        self.runs = without_and_with(nets)
        self.steps = [int(step) for step in self.runs[0].steps]
        middle = self._measured({"update": ASKED})
        self.opening = {"update": self.steps[0]}
        self.frames = (
            ("The start", {"update": self.steps[0]}),
            (f"{middle:,} updates", {"update": middle}),
            ("The end", {"update": self.steps[-1]}),
        )
        self.claim = (
            f"Measured on one small net with {len(nets.seeds)} seeds, one unit of the first seed. "
            "It shows what BN changes, not yet why training is faster."
        )
        super().__init__(record)

    def make_controls(self) -> dict[str, Widget]:
        """Return the slider over the updates that were measured."""
        return {"update": Stops("update", self.steps, self.steps[0])}

    def make_actions(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return two jumps."""
        return {name: (lambda _, to=state: to) for name, state in self.frames[1:]}

    def steer(self, name: str, value: float) -> dict[str, Any]:
        """Keep the number of updates an integer."""
        return {name: int(value)}

    def build(self) -> Figure:
        """Make the accuracy axes and one sigmoid for each arm."""
        figure, (left, *panels) = new_figure(850, 340, widths=(1.5, 1, 1))
        left.set(ylabel="test accuracy, %", ylim=(0, 104))
        count_updates(left, self.steps[-1])
        self.cursor = left.axvline(self.steps[0], color=FAINT, lw=1.5)
        self.guess = left.axhline(0, color=GUESS, lw=2.5, ls=(0, (4, 2)), visible=False)
        self.guess_text = left.text(0.02, 0, "", transform=left.get_yaxis_transform())
        self.guess_text.set(va="bottom", fontsize=points(), visible=False)
        # Wide enough for the bend of the sigmoid and for every percentile that will come.
        widest = max(np.abs(run.percentiles[0]).max() for run in self.runs)
        limit = float(np.ceil(max(6.0, widest)))
        self.arms = [
            Arm(run, left, axes, look(self.nets, run), limit)
            for run, axes in zip(self.runs, panels, strict=True)
        ]
        panels[0].set_ylabel("output of the unit")
        above = {"loc": "lower left", "bbox_to_anchor": (0, 0.98), "ncols": 2, "frameon": False}
        left.legend(handles=[arm.median for arm in self.arms], fontsize=points(), **above)
        return figure

    def draw(self, state: dict[str, Any]) -> None:
        """Move the cursor, draw the curves up to it and the part of the sigmoid used there."""
        update = self._measured(state)
        self.cursor.set_xdata([update, update])
        for arm in self.arms:
            arm.go(update)
        if self.prediction:
            height = self.prediction["accuracy"]
            self.guess.set_ydata([height, height])
            self.guess_text.set_y(height + 1 if height < 90 else height - 9)
            self.guess_text.set_text(f"you: {self.prediction['accuracy']:.3g} %")
        self.guess.set_visible(bool(self.prediction))
        self.guess_text.set_visible(bool(self.prediction))

    def describe(self, state: dict[str, Any]) -> str:
        """Say the accuracies and the percentiles at the update."""
        arms, update = [], self._measured(state)
        for run in self.runs:
            at = nearest(run, update)
            worst, median, best = np.quantile(run.accuracy[:, at], (0, 0.5, 1))
            arms.append(
                f"{run.name} the test accuracy is {percent(median)} ({len(self.nets.seeds)} "
                f"seeds: {percent(worst)} to {percent(best)}) and the unit's input has "
                f"percentiles 15 / 50 / 85 of {triple(run.percentiles[0, at])}"
            )
        return f"After {update:,} updates: {'; '.join(arms)}."

    def _measured(self, state: dict[str, Any]) -> int:
        """Return the measured number of updates nearest to the state's."""
        return min(self.steps, key=lambda step: abs(step - state["update"]))
