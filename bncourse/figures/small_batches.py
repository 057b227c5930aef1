"""Error over batch size: batch norm with and without recomputed statistics, LN, GN, none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, FEATURE, INK, QUIET, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.small_batches import SmallBatches

# Colour, dash and marker of each arm.
LOOKS = {
    "BN": (BATCH, "-", "o"),
    "BN recomputed": (BATCH, ":", ""),
    "LN": (FEATURE, "--", "s"),
    "GN": (INK, "-.", "D"),
    "none": (QUIET, (0, (2, 2)), "^"),
}
ASIDE = {"BN": 1.02, "LN": 0.98}  # arms with bars, and a factor of their place along x
TICKS = (1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 50, 70, 100)


def small_batches(record: SmallBatches) -> Static:
    """Return two panels, equal epochs and equal updates: test error over the batch size.

    Markers are means over the seeds, bars of BN and LN ± one standard deviation over the seeds. The
    axis of errors is logarithmic and the same in both.
    """
    figure, panels = new_figure(890, 400, widths=(1, 1))
    names = (f"{record.epochs} epochs each", f"{record.updates} updates each")
    means = record.test_error.mean(axis=-1)
    sds = record.test_error.std(axis=-1, ddof=1)
    told = []
    for axes, name, mean, sd in zip(panels, names, means, sds, strict=True):
        axes.set(xscale="log", yscale="log", xlabel="batch size", title=name)
        for arm, row, spread in zip(record.arms, mean, sd, strict=True):
            colour, dashes, marker = LOOKS[arm]
            line = {"color": colour, "ls": dashes, "marker": marker, "lw": 2, "ms": 7}
            axes.plot(record.batch_sizes, row, mec="white", label=arm, **line)
            if arm in ASIDE:
                bars = {"ls": "none", "lw": 1.5, "capsize": 4, "color": colour}
                # A little aside, so that the bars do not hide each other.
                known = np.isfinite(row)
                x = record.batch_sizes[known] * ASIDE[arm]
                axes.errorbar(x, row[known], spread[known], **bars)
        told.append(f"{name[0].upper()}{name[1:]}: {_rows(record.arms, mean, sd)}.")
    # A mean may be smaller than its sd, which a logarithmic axis has no place for.
    low = max(0.9 * np.nanmin(means - sds), 0.5 * np.nanmin(means))
    for axes in panels:
        show_sizes(axes, record.batch_sizes, low, 1.2 * np.nanmax(means + sds))
    panels[0].set_ylabel("test error in %")
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=len(record.arms),
        fontsize=points(),
        frameon=False,
        handlelength=3,
    )
    sizes = ", ".join(str(size) for size in record.batch_sizes)
    caption = (
        f"Test error in percent at batch sizes {sizes}, each at its own best learning rate, means "
        f"of {len(record.seeds)} seeds; bars are ± one sd over the seeds (BN and LN only). "
        f"{' '.join(told)} BN cannot be trained with batches of 1."
    )
    return Static(figure, caption)


def show_sizes(axes: Axes, sizes: np.ndarray, low: float, high: float) -> None:
    """Write the sizes, largest first, and round percentages as plain numbers."""
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.set_xlim(sizes[0] * 1.25, sizes[-1] / 1.25)
    axes.set_ylim(low, high)
    span = [tick for tick in TICKS if low <= tick <= high]
    coarse = [tick for tick in span if str(tick)[0] in "125" and tick != 1.5 and tick != 15]
    ticks = coarse if len(coarse) > 3 else span
    axes.set_yticks(ticks, [number(tick) for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis="y", color=QUIET, alpha=0.25, lw=0.8)


def _rows(arms: tuple[str, ...], mean: np.ndarray, sd: np.ndarray) -> str:
    return "; ".join(
        f"{arm} {', '.join(number(value, 1) for value in row[np.isfinite(row)])} "
        f"(sd {number(np.nanmin(spread), 1)} to {number(np.nanmax(spread), 1)})"
        for arm, row, spread in zip(arms, mean, sd, strict=True)
    )
