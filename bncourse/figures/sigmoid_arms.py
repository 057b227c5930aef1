"""One arm of the sigmoid experiment: how it is named and drawn, and its artists in ScrubRun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bncourse.figures.style import BATCH, DASHES, FAINT, FEATURE, INK, MARKERS, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.sigmoid_nets import Run, SigmoidNets


def without_and_with(record: SigmoidNets) -> tuple[Run, Run]:
    """Return the run without BN and the run with BN, at the same learning rate if there is one.

    Raises ValueError if the record lacks either.
    """
    without = [run for run in record.runs if run.name == "without BN"]
    normalised = [run for run in record.runs if run.name == "with BN"]
    if not without or not normalised:
        raise ValueError("the record needs a run 'without BN' and a run 'with BN'")
    same = [run for run in normalised if run.learning_rate == without[0].learning_rate]
    return without[0], (same or normalised)[0]


COLOURS = {"with BN": BATCH, "without BN": INK}


def look(record: SigmoidNets, run: Run) -> dict[str, Any]:
    """Return how a run is drawn, dashes and marker all its own.

    Blue is with BN, black without; a control whose name says more than that is vermillion.
    """
    place = next(k for k, other in enumerate(record.runs) if other is run)
    return {
        "color": COLOURS.get(run.name, FEATURE),
        "ls": DASHES[place % len(DASHES)],
        "marker": MARKERS[place % len(MARKERS)],
    }


def full_name(run: Run) -> str:
    """Return the run's name with its learning rate, which alone tells some runs apart."""
    return f"{run.name}, learning rate {number(run.learning_rate)}"


def percent(share: float) -> str:
    """Write a share as a percentage."""
    return f"{number(100 * float(share), 1)} %"


def triple(percentiles: np.ndarray) -> str:
    """Write the percentiles 15, 50 and 85."""
    return " / ".join(number(float(value), 2) for value in percentiles)


def nearest(run: Run, update: int) -> int:
    """Return where in the run the measurement nearest to ``update`` stands."""
    return int(np.abs(run.steps - update).argmin())


def count_updates(axes: Axes, last: int) -> None:
    """Let the x axis count updates from 0: evenly up to 10, by factors of ten from there."""
    axes.set_xscale("symlog", linthresh=10, linscale=0.5)
    axes.set_xlim(-1, 1.25 * last)
    ticks = [0, *(10**k for k in range(1, 9) if 10**k <= last)]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.set_xlabel("updates")


class Arm:
    """One run's artists: its accuracy so far, and the part of the sigmoid that its unit uses.

    ``left`` are the axes of accuracy, ``axes`` those of the sigmoid, drawn from -limit to limit.
    """

    def __init__(
        self, run: Run, left: Axes, axes: Axes, drawn: dict[str, Any], limit: float
    ) -> None:
        self.run = run
        colour = drawn["color"]
        self.seeds = [left.plot([], [], lw=0.7, alpha=0.4, color=colour)[0] for _ in run.accuracy]
        (self.median,) = left.plot([], [], lw=2.2, ms=8, label=run.name, **drawn)
        self.median.set_markevery([-1])  # a marker where the run has got to
        z = np.linspace(-limit, limit, 121)
        axes.plot(z, sigmoid(z), color=FAINT, lw=2)
        axes.set(xlim=(-limit, limit), ylim=(-0.02, 1.02), xlabel="input of one unit")
        axes.set_title(run.name, fontsize=points(), color=colour)
        self.band = axes.axvspan(0, 1, color=colour, alpha=0.18, lw=0)
        (self.used,) = axes.plot([], [], lw=5, color=colour, solid_capstyle="butt")
        (self.middle,) = axes.plot([], [], ms=9, mec="white", color=colour, marker=drawn["marker"])

    def go(self, update: int) -> None:
        """Set every artist to what was measured at the update."""
        at = nearest(self.run, update)
        steps, accuracy = self.run.steps[: at + 1], 100 * self.run.accuracy[:, : at + 1]
        for artist, one in zip(self.seeds, accuracy, strict=True):
            artist.set_data(steps, one)
        self.median.set_data(steps, np.median(accuracy, axis=0))
        low, middle, high = self.run.percentiles[0, at]
        self.band.set_x(low)
        self.band.set_width(high - low)
        z = np.linspace(low, high, 41)
        self.used.set_data(z, sigmoid(z))
        self.middle.set_data([middle], [sigmoid(middle)])


def sigmoid(z: Any) -> Any:
    """Return 1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-z))
