"""Ghost batches: test error over the size of the groups that share statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.small_batches import show_sizes
from bncourse.figures.style import BATCH, INK, new_figure, number, points

if TYPE_CHECKING:
    from bncourse.experiments.ghost_batches import GhostBatches

# Colour, dash and marker of the two ways to normalise the test images.
LOOKS = ((BATCH, "-", "o"), (INK, "--", "s"))
NAMES = ("by running averages", "in groups, as in training")


def ghost_batches(record: GhostBatches) -> Static:
    """Return one panel for each budget: error of the test images in both modes over group size.

    Markers are means over the seeds, bars ± one standard deviation over the seeds. The axis of
    errors is logarithmic and the same in both.
    """
    figure, panels = new_figure(890, 380, widths=(1,) * len(record.updates))
    errors = np.stack([record.test_error, record.group_error], axis=1)
    means, sds = errors.mean(axis=-1), errors.std(axis=-1, ddof=1)
    # A mean may be smaller than its sd, which a logarithmic axis has no place for.
    low, high = max(0.9 * (means - sds).min(), 0.5 * means.min()), 1.2 * (means + sds).max()
    told = []
    for axes, updates, mean, sd in zip(panels, record.updates, means, sds, strict=True):
        axes.set(xscale="log", yscale="log", title=f"{updates} updates")
        axes.set_xlabel("images that share mean and variance")
        for row, spread, name, (colour, dashes, marker) in zip(mean, sd, NAMES, LOOKS, strict=True):
            line = {"color": colour, "ls": dashes, "marker": marker, "lw": 2, "ms": 7}
            axes.plot(record.group_sizes, row, mec="white", label=name, **line)
            bars = {"ls": "none", "lw": 1.5, "capsize": 4, "color": colour}
            axes.errorbar(record.group_sizes, row, spread, **bars)
        show_sizes(axes, record.group_sizes, low, high)
        each = [
            f"{name} {', '.join(number(value, 1) for value in row)} "
            f"(sd {number(spread.min(), 1)} to {number(spread.max(), 1)})"
            for name, row, spread in zip(NAMES, mean, sd, strict=True)
        ]
        told.append(f"After {updates} updates, test images normalised {'; '.join(each)}.")
    panels[0].set_ylabel("test error in %")
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=2,
        fontsize=points(),
        frameon=False,
        handlelength=3,
    )
    sizes = ", ".join(str(size) for size in record.group_sizes)
    caption = (
        f"Every gradient averages over {record.batch_size} images; mean and variance run over "
        f"groups of {sizes} of them. Test error in percent, means of {len(record.seeds)} seeds; "
        f"bars are ± one sd over the seeds. {' '.join(told)}"
    )
    return Static(figure, caption)
