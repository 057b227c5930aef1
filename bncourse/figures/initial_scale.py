"""How much the size of the first weights matters: accuracy over the scale, by kind of norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.rate_range import (
    LOOKS,
    TARGET,
    draw_accuracy,
    median_row,
    name_norms,
    rate_name,
)
from bncourse.figures.show import Static
from bncourse.figures.style import QUIET, new_figure, number, numbers, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.initial_scale import InitialScale


def initial_scale(record: InitialScale, *, best_only: bool = False) -> Static:
    """Return two panels, one rate for all scales and the best rate for each: accuracy over scale.

    With ``best_only`` there is only the second one.

    Thick lines are medians over the seeds after the longest budget, with bands from the worst seed
    to the best; thin ones without markers are medians after the shortest.
    """
    shown = {
        "one rate, tuned at sd 0.1, for all": record.kept,
        "the best rate for each sd": record.tuned,
    }
    shown = dict(list(shown.items())[best_only:])
    figure, panels = new_figure(890 - 290 * best_only, 430, widths=(1,) * len(shown))
    panels = np.atleast_1d(panels)
    first, last = record.budgets[0], record.budgets[-1]
    told = []
    for axes, (title, accuracy) in zip(panels, shown.items(), strict=True):
        each = []
        for a, norm in enumerate(record.norms):
            draw_accuracy(axes, record.scales, accuracy[a, :, -1], norm)
            _, colour, dashes, _ = LOOKS[norm]
            axes.plot(record.scales, median_row(accuracy[a, :, 0]), color=colour, ls=dashes, lw=1)
            each.append(
                f"{LOOKS[norm][0]} {numbers(median_row(accuracy[a, :, -1]), 0)} "
                f"(after {first}: {numbers(median_row(accuracy[a, :, 0]), 0)})"
            )
        _axes(axes, record.scales, title)
        told.append(f"With {title}: {'; '.join(each)}.")
    panels[0].set_ylabel("test accuracy in %; bands: worst to best")
    for axes in panels[1:]:
        axes.tick_params(labelleft=False)
    name_norms(figure, panels[0])
    panels[0].text(
        record.scales[0], 106, f"thick: after {last:,} updates, thin: {first}", fontsize=points()
    )
    kept = ", ".join(
        f"{LOOKS[norm][0]} {rate_name(rate)}"
        for norm, rate in zip(record.norms, record.kept_rates, strict=True)
    )
    caption = (
        f"Median test accuracy in percent of {len(record.seeds)} seeds after {last:,} updates, for "
        f"weights drawn with sd {numbers(record.scales)}; 0 after an overflow. {' '.join(told)} "
        f"The rates that are kept: {kept}."
    )
    return Static(figure, caption)


def _axes(axes: Axes, scales: np.ndarray, title: str) -> None:
    axes.axhline(TARGET, color=QUIET, lw=1.2, ls=":")
    axes.set(xscale="log", xlabel="sd of the first weights", title=title, ylim=(-3, 115))
    powers = range(round(np.log10(scales[0])), round(np.log10(scales[-1])) + 1)
    axes.set_xticks([10.0**p for p in powers], [_power(p) for p in powers])
    axes.minorticks_off()
    axes.set_yticks([0, 20, 40, 60, 80, TARGET, 100])


def _power(exponent: int) -> str:
    return f"$10^{{{exponent}}}$" if abs(exponent) > 1 else number(10.0**exponent)
