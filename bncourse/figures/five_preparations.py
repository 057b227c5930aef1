"""The same 200 people on five rulers: what each preparation does to a cloud, and what it leaves."""

from __future__ import annotations

import numpy as np

from bncourse.experiments.rulers import PREPARATIONS, bowl, people, prepare
from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, CHANGED, FAINT, INK, new_figure, number, points
from bncourse.figures.two_rulers_drawing import big, title

# Limits of age and kilometres, and their ticks, in the units of each preparation.
WINDOWS = {
    "raw": ((0, 100), (0, 200_000)),
    "centred": ((-50, 50), (-100_000, 100_000)),
    "min-max": ((-0.15, 1.15), (-0.15, 1.15)),
    "standardised": ((-3.5, 3.5), (-3.5, 3.5)),
    "whitened": ((-3.5, 3.5), (-3.5, 3.5)),
}
TICKS = {
    "raw": ((0, 50, 100), (0, 100_000, 200_000)),
    "centred": ((-50, 0, 50), (-100_000, 0, 100_000)),
    "min-max": ((0, 1), (0, 1)),
    "standardised": ((-3, 0, 3), (-3, 0, 3)),
    "whitened": ((-3, 0, 3), (-3, 0, 3)),
}


def five_preparations(rho: float = 0.8) -> Static:
    """Return five scatter plots of the same people, raw to whitened.

    One person is a star in all of them. Under the name of the preparation stand the condition
    number of the bowl and the learning rate below which descent converges. "Standardised" and
    "whitened" have the same scale on both axes, so that a tilt is a correlation.
    """
    x, y = people(rho)
    standard = prepare(x, "standardised")
    star = int((standard[:, 1] - standard[:, 0]).argmax())  # many kilometres for the age
    figure, panels = new_figure(900, 245, widths=[1] * len(PREPARATIONS))
    told = []
    for axes, how in zip(panels, PREPARATIONS, strict=True):
        z, now = prepare(x, how), bowl(prepare(x, how), y)
        condition, rate = big(now.condition), big(now.largest_rate)
        axes.axvline(0, color=FAINT, lw=1, zorder=0)
        axes.axhline(0, color=FAINT, lw=1, zorder=0)
        axes.plot(*z.T, "o", ms=2.5, color=BATCH, mew=0)
        axes.plot(*z[star], "*", ms=15, color=CHANGED, mec=INK)
        (left, right), (low, high) = WINDOWS[how]
        axes.set(xlim=(left, right), ylim=(low, high), xlabel="age", box_aspect=1)
        axes.set_xticks(TICKS[how][0], [_tick(tick) for tick in TICKS[how][0]])
        axes.set_yticks(TICKS[how][1], [_tick(tick) for tick in TICKS[how][1]])
        axes.set_title(f"{title(how)}\nκ = {condition}\nrate < {rate}", fontsize=points())
        correlation = number(abs(np.corrcoef(z.T)[0, 1]), 2)
        told.append(f"{how} κ {condition}, rates below {rate}, correlation {correlation}")
    panels[0].set_ylabel("kilometres")
    age, distance = x[star]
    caption = (
        f"{len(x)} people, five preparations (κ is the condition number): {'; '.join(told)}. "
        f"The star is the same person everywhere, {age:.0f} years and {distance:,.0f} km. The "
        "standardised cloud is as wide as high and still tilted: only whitening takes the "
        "correlation away."
    )
    return Static(figure, caption)


def _tick(value: float) -> str:
    text = f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"
    return text.replace("-", "−")
