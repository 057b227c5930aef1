"""Three ways to share a ruler in a convolutional net: test error against the batch size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import FEATURE, INK, QUIET, TEXT, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.shared_ruler import SharedRuler

HEIGHT = 380
# Colour, dash and marker of each kind, in the order of the record.
LOOKS = ((FEATURE, "-", "o"), (INK, "--", "s"), (QUIET, "-.", "^"))
ASIDE = 0.022  # distance of the kinds along x, in spans of the axis: bars must not hide each other


def shared_ruler(record: SharedRuler) -> Static:
    """Return two panels, test images as they are and moved by one pixel: error over batch size.

    Markers are means over the seeds, bars ± one standard deviation over the seeds. Both panels
    have one axis of errors, logarithmic.
    """
    figure, panels = new_figure(890, HEIGHT, widths=(1, 1))
    names = ("test images as they are", "test images moved by one pixel")
    errors = (record.test_error, record.shifted_error)
    means, sds = np.mean(errors, axis=-1), np.std(errors, axis=-1, ddof=1)
    # A mean may be smaller than its sd, which a logarithmic axis has no place for.
    low = 0.8 * min(np.maximum(means - sds, 0.5 * means).min(), means.min())
    high = 1.25 * (means + sds).max()
    aside = float(record.batch_sizes[-1] / record.batch_sizes[0]) ** ASIDE
    told = []
    for axes, name, mean, sd in zip(panels, names, means, sds, strict=True):
        axes.set(xscale="log", yscale="log", xlabel="batch size", ylim=(low, high), title=name)
        for k, (colour, dashes, marker) in enumerate(LOOKS):
            x = record.batch_sizes * aside ** (k - 1)
            bars = np.stack([np.minimum(sd[k], mean[k] - low), sd[k]])
            axes.plot(x, mean[k], color=colour, ls=dashes, lw=2, marker=marker, ms=8, mec="white")
            axes.errorbar(x, mean[k], bars, color=colour, ls="none", lw=1.5, capsize=4)
        _ticks(axes, record.batch_sizes, low, high)
        _name_ends(axes, record.kinds, mean[:, -1])
        each = [
            f"{kind} {', '.join(number(value, 1) for value in row)} (sd {_span(spread)})"
            for kind, row, spread in zip(record.kinds, mean, sd, strict=True)
        ]
        told.append(f"{name[0].upper()}{name[1:]}: {'; '.join(each)}.")
    panels[0].set_ylabel("test error in %")
    caption = (
        f"Test error in percent at batch sizes {', '.join(map(str, record.batch_sizes))}, means "
        f"of {len(record.seeds)} seeds; bars are ± one sd over the seeds. {' '.join(told)}"
    )
    return Static(figure, caption)


def _ticks(axes: Axes, sizes: np.ndarray, low: float, high: float) -> None:
    """Write the batch sizes and 1, 2, 5, 10, … percent as plain numbers."""
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.set_xlim(sizes[0] / 1.25, sizes[-1] * 1.25)
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)))
    for digits in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        ticks = [digit * power for power in powers for digit in digits]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) > 3:  # the finer ones where the errors are close to each other
            break
    axes.set_yticks(ticks, [number(tick) for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis="y", color=QUIET, alpha=0.25, lw=0.8)


def _name_ends(axes: Axes, kinds: tuple[str, ...], ends: np.ndarray) -> None:
    """Write the kinds right of their lines' ends, apart from each other."""
    to_axes = axes.transScale + axes.transLimits
    places = np.array([to_axes.transform((1.0, end))[1] for end in ends])
    apart = 1.3 * TEXT / (0.75 * HEIGHT)  # the axes are about that share of the figure
    order = np.argsort(places, kind="stable")
    spread = places[order]
    for k in range(1, len(spread)):  # push up what stands too near
        spread[k] = max(spread[k], spread[k - 1] + apart)
    # Half of the push goes down, so that the names stay around their ends.
    spread -= (spread - places[order]).max() / 2
    for kind, place in zip(order, spread, strict=True):
        axes.annotate(
            kinds[kind],
            (1.02, place),
            xycoords="axes fraction",
            va="center",
            fontsize=points(),
            color=LOOKS[kind][0],
            annotation_clip=False,
        )


def _span(values: np.ndarray) -> str:
    return f"{number(values.min(), 2)} to {number(values.max(), 2)}"
