"""The two panels of TwoRulers: a bowl seen from above with a descent in it, and its excess loss."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import NullLocator

from bncourse.figures.style import BATCH, FAINT, FEATURE, GUESS, INK, QUIET, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.rulers import Bowl

RINGS = (0.5, 1.0)  # how far from the optimum; 1 is the ring through the start
GOAL = 0.01  # share of the excess loss at the start
LOW, HIGH = 3e-5, 3e2  # shares of the excess that are drawn
TICKS = (2, 0, -2, -4)  # powers of ten
UNITS = {
    "raw": ("€ per year", "€ per km"),
    "centred": ("€ per year", "€ per km"),
    "min-max": ("€ per whole range", "€ per whole range"),
    "standardised": ("€ per sd", "€ per sd"),
    "whitened": ("€ per sd", "€ per sd"),
}
SAME_SCALE = ("min-max", "standardised", "whitened")


class BowlFromAbove:
    """Rings of equal loss over both weights, the path of descent, its end and the optimum.

    The loss of a pair of weights is that with the intercept which is best for them, so rings do
    not depend on how far the intercept has got. Features with a mean of 0 have the same best
    intercept everywhere; for the others descent learns it too, and the path need not cross these
    rings at right angles.
    """

    def __init__(self, axes: Axes) -> None:
        self.axes = axes
        axes.set_box_aspect(1)
        axes.locator_params(nbins=4, min_n_ticks=3)
        self.rings = [axes.plot([], [], color=FAINT, lw=1.2)[0] for _ in RINGS]
        self.rings[RINGS.index(1.0)].set(color=QUIET, ls="--")
        (self.path,) = axes.plot([], [], color=BATCH, lw=1.5, marker="o", ms=3.5)
        (self.start,) = axes.plot([0], [0], "s", ms=9, mfc="none", mec=INK, mew=1.8)
        (self.end,) = axes.plot([], [], "D", ms=9, color=BATCH, mec="white")
        (self.best,) = axes.plot([], [], "*", ms=17, color=FEATURE, mec="white")
        inside = {"transform": axes.transAxes, "fontsize": points()}
        self.scales = axes.text(0.02, 0.02, "axes to two scales", **inside)
        self.window = np.ones(2)

    def aim(self, preparation: str, bowl: Bowl) -> None:
        """Show the rings of a bowl, and choose limits that hold the one through the start."""
        weights = bowl.optimum[1:]
        curvature = slopes(bowl)
        values, axes = np.linalg.eigh(curvature)
        root = axes / np.sqrt(values) @ axes.T
        # On the ring through the start both weights are away from the optimum by as much as at 0.
        away = math.sqrt(weights @ curvature @ weights)
        turn = np.linspace(0, 2 * math.pi, 181)
        circle = away * np.stack([np.cos(turn), np.sin(turn)])
        for ring, size in zip(self.rings, RINGS, strict=True):
            ring.set_data(*(weights[:, None] + size * root @ circle))
        self.best.set_data(*weights[:, None])
        self.window = 1.2 * away * np.sqrt(np.diag(np.linalg.inv(curvature)))
        if preparation in SAME_SCALE:
            self.window[:] = self.window.max()
        low, high = weights - self.window, weights + self.window
        across, up = UNITS[preparation]
        self.axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        white = "whitened " if preparation == "whitened" else ""
        self.axes.set(xlabel=f"weight of {white}age, {across}", ylabel=f"weight of {white}km, {up}")
        self.scales.set_visible(preparation not in SAME_SCALE)

    def go(self, path: np.ndarray | None) -> None:
        """Draw the path (steps + 1, 2), or none; what is far outside is drawn at the edge."""
        if path is None:
            path = np.zeros((0, 2))
        path = path[np.isfinite(path).all(axis=1)]
        inside = self.best.get_xydata()[0] + 50 * self.window * np.array([[-1], [1]])
        path = np.clip(path, *inside)
        self.path.set_data(*path.T)
        self.end.set_data(*path[-1:].T)


class ExcessOverSteps:
    """The excess loss as a share of that at the start, step by step, and what was predicted."""

    def __init__(self, axes: Axes, steps: int) -> None:
        self.axes, self.steps = axes, np.arange(steps + 1)
        axes.set(yscale="log", ylim=(LOW, HIGH), xlim=(-0.015 * steps, 1.02 * steps))
        axes.set(xlabel="steps", ylabel="excess loss (start = 1)")
        # Plain words: mathematical typesetting of ticks would take half of every repaint.
        axes.set_yticks([10.0**k for k in TICKS], [f"{10.0**k:g}" for k in TICKS])
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_xticks(range(0, steps + 1, steps // 4))
        axes.axhline(GOAL, color=FAINT, lw=1.5)
        axes.text(steps, 1.15 * GOAL, "1 %", ha="right", fontsize=points(), color=QUIET)
        (self.line,) = axes.plot([], [], color=BATCH, lw=2.5)
        (self.there,) = axes.plot([], [], "D", ms=9, color=BATCH, mec="white")
        right = {"transform": axes.transAxes, "ha": "right", "va": "top", "fontsize": points()}
        self.verdict = axes.text(0.99, 0.99, "", **right)
        self.guess_text = axes.text(0.99, 0.9, "", color=GUESS, weight="bold", **right)

    def go(self, excess: np.ndarray | None, verdict: str, diverges: bool) -> None:
        """Draw shares of the excess (steps + 1,), or none, with a verdict."""
        self._set(self.line, excess)
        under = [] if excess is None or diverges else np.flatnonzero(excess <= GOAL)[:1]
        self.there.set_data(under, [GOAL] * len(under))
        self.verdict.set(text=verdict, color=FEATURE if diverges else INK)
        self.verdict.set_weight("bold" if diverges else "normal")

    def ghost(self, words: str) -> None:
        """Write what was predicted, or nothing."""
        self.guess_text.set_text(words)

    def _set(self, line, excess: np.ndarray | None) -> None:
        if excess is None:
            line.set_data([], [])
            return
        # Beyond the edges it does not matter how far; infinity would break the line off.
        line.set_data(self.steps, np.clip(np.nan_to_num(excess, nan=np.inf), LOW / 100, HIGH * 100))


def slopes(bowl: Bowl) -> np.ndarray:
    """Return the curvature (2, 2) over the weights where the intercept is the best for them.

    It is the covariance matrix of the features.
    """
    mean = bowl.hessian[0, 1:]
    return bowl.hessian[1:, 1:] - np.outer(mean, mean)


def title(preparation: str) -> str:
    """Return the preparation's name as a sentence begins with it."""
    return "Raw data" if preparation == "raw" else preparation.capitalize()


def big(value: float) -> str:
    """Write a number that may have any size with three significant digits."""
    if 1e-3 <= abs(value) < 1e6:
        return f"{float(f'{value:.3g}'):,.10g}"
    mantissa, power = f"{value:.2e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(power)}"
