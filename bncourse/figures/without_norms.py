"""Which learning rates are usable with norms and without, from three scales of the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import FEATURE, INK, QUIET, new_figure, number, points

if TYPE_CHECKING:
    from bncourse.experiments.without_norms import WithoutNorms

NORMS = ("BN", "LN", "GN", "WS+GN")  # the other arms have none
ORDER = (0.1, 1.0, 10.0)
POWERS = (-12, -8, -4, 0, 4)


def without_norms(record: WithoutNorms, net: str = "deep MLP") -> Static:
    """Return three panels, one for each scale of the initial hidden weights; batches of 32.

    A bar spans the usable rates of an arm, its marker is the best rate, the number beside it the
    mean error there. Arms with a norm are black with circles, those without vermillion with
    squares. Raises ValueError for a net that was not measured at every scale.
    """
    cells = [(32, scale) for scale in ORDER]
    n = record.nets.index(net)
    arms = [a for a in range(len(record.arms)) if np.isfinite(record.rates[n, a, 0])]
    if np.isnan(record.rates[n, arms][:, [record.cells.index(cell) for cell in cells]]).any():
        raise ValueError(f"the {net} was not measured at every scale")
    figure, panels = new_figure(890, 60 + 44 * len(arms), widths=(1, 1, 1))
    told = []
    for axes, cell in zip(panels, cells, strict=True):
        q = record.cells.index(cell)
        rows = []
        for place, a in enumerate(arms):
            arm, errors = record.arms[a], record.own[n, a, q]
            low, high = record.usable[n, a, q]
            if np.isnan(low):
                words = {"color": QUIET, "size": points(), "va": "center", "ha": "center"}
                axes.text(-4, place, "no rate", **words)
                rows.append(f"{arm} no rate ({number(errors.mean(), 0)} %)")
                continue
            colour, marker = (INK, "o") if arm in NORMS else (FEATURE, "s")
            ends = np.log2([low, high])
            axes.plot(ends + np.array([-0.3, 0.3]), [place] * 2, color=colour, lw=5, alpha=0.45)
            axes.plot(np.log2(record.rates[n, a, q]), place, marker, color=colour, ms=9)
            error = number(errors.mean(), 1)
            axes.text(ends[1] + 1.2, place, error, color=INK, size=points(), va="center")
            doublings = record.doublings(net, arm, cell)
            rows.append(f"{arm} {doublings} ({error} ± {number(errors.std(ddof=1), 1)} %)")
        axes.set(title=f"weights × {number(cell[1])}", xlabel="learning rate", xlim=(-14.5, 8.5))
        axes.set_xticks(POWERS, [f"$2^{{{power}}}$" for power in POWERS])
        axes.set_yticks(range(len(arms)), [record.arms[a] for a in arms])
        axes.set_ylim(len(arms) - 0.4, -0.6)
        axes.grid(axis="x", color=QUIET, alpha=0.25, lw=0.8)
        told.append(f"Weights × {number(cell[1])}: {', '.join(rows)}.")
    for axes in panels[1:]:
        axes.tick_params(axis="y", labelleft=False)
    caption = (
        f"{net[0].upper()}{net[1:]}, batches of 32. A bar spans the learning rates whose error is "
        "within two points of the arm's best; the marker is the best, the number the test error "
        "there in percent. In the order of the panels, how many powers of two are usable, and the "
        f"error (mean ± sd over {len(record.seeds)} seeds). {' '.join(told)}"
    )
    return Static(figure, caption)
