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
from bncourse.figures.style import BATCH, DASHES, FAINT, GUESS, INK, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bncourse.experiments.sigmoid_nets import Run, SigmoidNets

ASKED = 100  # updates, in the prediction


def accuracy_and_percentiles(record: SigmoidNets) -> Static:
    """Return test accuracy against updates, and percentiles 15, 50, 85 of one unit's input.

    Every seed is a thin line and their median a thick one; the percentiles are those of the first
    seed's unit, without and with BN.
    """
    figure, (left, *panels) = new_figure(900, 360, widths=(1.5, 1, 1))
    for run, look in zip(record.runs, looks(record), strict=True):
        left.plot(run.steps, 100 * run.accuracy.T, color=look["color"], lw=0.7, alpha=0.4)
        left.plot(run.steps, 100 * np.median(run.accuracy, axis=0), lw=2.2, **look)
    left.set(xlabel="updates", ylabel="test accuracy, %", ylim=(0, 102))
    figure.legend(loc="outside upper center", ncols=2, fontsize=points(), frameon=False)
    pair = without_and_with(record)
    limit = 1.1 * max(np.abs(run.percentiles[0]).max() for run in pair)
    for axes, run, colour in zip(panels, pair, (INK, BATCH), strict=True):
        low, middle, high = run.percentiles[0].T
        axes.fill_between(run.steps, low, high, color=colour, alpha=0.2, lw=0)
        axes.plot(run.steps, low, run.steps, high, color=colour, lw=1, ls=":")
        axes.plot(run.steps, middle, color=colour, lw=2.2)
        axes.set(xlabel="updates", ylim=(-limit, limit))
        axes.set_title(run.name, fontsize=points())
    panels[0].set_ylabel("input of one unit")
    caption = (
        f"{len(record.seeds)} seeds. Median test accuracy after the last update: "
        + "; ".join(
            f"{_name(run)}, {_percent(np.median(run.accuracy[:, -1]))} after {run.steps[-1]:,}"
            for run in record.runs
        )
        + ". Percentiles 15, 50 and 85 of one unit's input at the end: "
        + "; ".join(f"{run.name}, {_triple(run.percentiles[0, -1])}" for run in pair)
        + "."
    )
    return Static(figure, caption)


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
        ),
    )
    gap = (
        "Compare the parts of the sigmoid that the two nets use, and its slope there. What may "
        "that have to do with the accuracies?"
    )

    def __init__(self, nets: SigmoidNets, record: Record = note) -> None:
        self.runs = without_and_with(nets)
        self.seeds = nets.seeds
        self.steps = [int(step) for step in self.runs[0].steps]
        middle = min(self.steps, key=lambda step: abs(step - ASKED))
        self.opening = {"update": self.steps[0]}
        self.frames = (
            ("The start", {"update": self.steps[0]}),
            (f"{middle:,} updates", {"update": middle}),
            ("The end", {"update": self.steps[-1]}),
        )
        self.claim = (
            f"Measured on one small net with {len(self.seeds)} seeds, one unit of the first seed. "
            "It shows what BN changes, not yet why training is faster."
        )
        super().__init__(record)

    def make_controls(self) -> dict[str, Widget]:
        """Return the slider over the updates that were recorded."""
        return {"update": Stops("update", self.steps, self.steps[0])}

    def make_actions(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return two jumps."""
        return {name: (lambda _, to=state: to) for name, state in self.frames[1:]}

    def steer(self, name: str, value: float) -> dict[str, Any]:
        """Keep the number of updates an integer."""
        return {name: int(value)}

    def build(self) -> Figure:
        """Make the accuracy axes and one sigmoid for each arm."""
        figure, (left, *panels) = new_figure(880, 360, widths=(1.5, 1, 1))
        span = self.steps[-1] - self.steps[0]
        left.set(xlabel="updates", ylabel="test accuracy, %", ylim=(0, 104))
        left.set_xlim(self.steps[0] - 0.02 * span, self.steps[-1] + 0.02 * span)
        left.yaxis.set_major_locator(_every(20))
        self.cursor = left.axvline(self.steps[0], color=FAINT, lw=1.5)
        self.guess = left.axhline(0, color=GUESS, lw=2.5, ls=(0, (4, 2)), visible=False)
        self.guess_text = left.text(0.98, 0, "", transform=left.get_yaxis_transform())
        self.guess_text.set(ha="right", va="bottom", fontsize=points(), visible=False)
        limit = _limit(self.runs)
        self.arms = [
            _Arm(run, left, axes, colour, dash, marker, limit)
            for run, axes, colour, dash, marker in zip(
                self.runs, panels, (INK, BATCH), ("--", "-"), "so", strict=True
            )
        ]
        panels[0].set_ylabel("output of the unit")
        left.legend(loc="lower right", fontsize=points(), frameon=False)
        return figure

    def draw(self, state: dict[str, Any]) -> None:
        """Move the cursor, draw the curves up to it and the part of the sigmoid used there."""
        self.cursor.set_xdata([state["update"]] * 2)
        for arm in self.arms:
            arm.go(state["update"])
        if self.prediction:
            height = min(max(self.prediction["accuracy"], 0), 100)
            self.guess.set_ydata([height] * 2)
            self.guess_text.set_y(height + 1 if height < 85 else height - 8)
            self.guess_text.set_text(f"you: {self.prediction['accuracy']:.3g} % at {ASKED}")
        self.guess.set_visible(bool(self.prediction))
        self.guess_text.set_visible(bool(self.prediction))

    def describe(self, state: dict[str, Any]) -> str:
        """Say the accuracies and the percentiles at the update."""
        arms = []
        for run in self.runs:
            at = _nearest(run, state["update"])
            worst, median, best = np.quantile(run.accuracy[:, at], (0, 0.5, 1))
            arms.append(
                f"{run.name} {_percent(median)} ({len(self.seeds)} seeds: {_percent(worst)} to "
                f"{_percent(best)}) with percentiles {_triple(run.percentiles[0, at])} of the "
                f"unit's input"
            )
        return f"After {state['update']:,} updates: {'; '.join(arms)}."


class _Arm:
    """One run's artists: curves of accuracy, and the used part of the sigmoid."""

    def __init__(
        self,
        run: Run,
        left: Axes,
        axes: Axes,
        colour: str,
        dash: str,
        marker: str,
        limit: float,
    ) -> None:
        self.run = run
        look = {"color": colour, "ls": dash}
        self.seeds = [left.plot([], [], lw=0.7, alpha=0.4, color=colour)[0] for _ in run.accuracy]
        (self.median,) = left.plot([], [], lw=2.2, label=run.name, **look)
        (self.now,) = left.plot([], [], marker=marker, ms=8, color=colour)
        z = np.linspace(-limit, limit, 121)
        axes.plot(z, _sigmoid(z), color=FAINT, lw=2)
        axes.set(xlim=(-limit, limit), ylim=(-0.02, 1.02), xlabel="input of one unit")
        axes.set_title(run.name, fontsize=points(), color=colour)
        self.band = axes.axvspan(0, 1, color=colour, alpha=0.18, lw=0)
        (self.used,) = axes.plot([], [], lw=5, color=colour, solid_capstyle="butt")
        (self.middle,) = axes.plot([], [], marker=marker, ms=9, color=colour, mec="white")

    def go(self, update: int) -> None:
        """Set every artist to what was recorded at the update."""
        at = _nearest(self.run, update)
        steps, accuracy = self.run.steps[: at + 1], 100 * self.run.accuracy[:, : at + 1]
        for artist, one in zip(self.seeds, accuracy, strict=True):
            artist.set_data(steps, one)
        median = np.median(accuracy, axis=0)
        self.median.set_data(steps, median)
        self.now.set_data(steps[-1:], median[-1:])
        low, middle, high = self.run.percentiles[0, at]
        self.band.set_x(low)
        self.band.set_width(high - low)
        z = np.linspace(low, high, 41)
        self.used.set_data(z, _sigmoid(z))
        self.middle.set_data([middle], [_sigmoid(middle)])


def without_and_with(record: SigmoidNets) -> tuple[Run, Run]:
    """Return the run without BN and the run with BN, at the same learning rate if there is one.

    Raises ValueError if the record lacks either.
    """
    without = [run for run in record.runs if run.name.startswith("without BN")]
    normalised = [run for run in record.runs if run.name.startswith("with BN")]
    if not without or not normalised:
        raise ValueError("the record needs a run 'without BN' and a run 'with BN'")
    same = [run for run in normalised if run.learning_rate == without[0].learning_rate]
    return without[0], (same or normalised)[0]


def looks(record: SigmoidNets) -> list[dict[str, Any]]:
    """Return how each run is drawn: colour says whether it has BN, the dashes tell the rest."""
    out, counts = [], {INK: 0, BATCH: 0}
    for run in record.runs:
        colour = BATCH if run.name.startswith("with BN") else INK
        dash = DASHES[counts[colour] % len(DASHES)]
        counts[colour] += 1
        out.append({"color": colour, "ls": dash, "label": _name(run)})
    return out


def _name(run: Run) -> str:
    return f"{run.name}, learning rate {number(run.learning_rate)}"


def _percent(share: float) -> str:
    return f"{number(100 * float(share), 1)} %"


def _triple(percentiles: np.ndarray) -> str:
    return " / ".join(number(float(value), 2) for value in percentiles)


def _nearest(run: Run, update: int) -> int:
    return int(np.abs(run.steps - update).argmin())


def _limit(runs: tuple[Run, Run]) -> float:
    """Return a half-width that holds every percentile of both runs, at least the sigmoid's bend."""
    return float(np.ceil(max(6.0, *(np.abs(run.percentiles[0]).max() for run in runs))))


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def _every(step: float) -> Any:
    from matplotlib.ticker import MultipleLocator

    return MultipleLocator(step)
