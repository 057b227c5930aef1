"""The squared error of a batch gradient against the batch size, measured and predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, INK, MARKERS, QUIET, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.gradient_noise import GradientNoise


def noise_ruler(record: GradientNoise) -> Static:
    """Return one panel for each stage: error against batch size, in units of |g|², log-log.

    Markers are measured, one shape for each seed; the solid line through them is the prediction
    spread / B · (n - B) / (n - 1). The dashed line falls like 1 / B, from the median seed's spread.
    The batch of all images has error 0, for which a logarithmic axis has no place: an arrow tells.
    """
    figure, panels = new_figure(890, 440, widths=(1, 1))
    n, inside = record.samples, record.batch_sizes < record.samples
    relative = record.measured / record.full[..., None]
    bottom = relative[..., inside].min() / 8
    top = 3 * relative.max()
    told = []
    for k, (axes, stage) in enumerate(zip(panels, record.stages, strict=True)):
        _stage(axes, record, k)
        axes.set(xscale="log", yscale="log", ylim=(bottom, top), xlim=(0.8, 1.5 * n))
        ticks = [size for size in 4 ** np.arange(6) if size <= n / 4]
        axes.set_xticks([*ticks, n], [f"{tick:,}" for tick in (*ticks, n)])
        axes.minorticks_off()
        axes.set_title(stage)
        axes.set_xlabel("batch size B")
        sizes = break_even(record, k)
        axes.text(1, 0.62, "error = |g|²", va="top", color=QUIET, fontsize=points())
        axes.annotate(
            f"exactly 0\nat B = {n:,}",
            (n, bottom),
            (0.62 * n, 6 * bottom),
            arrowprops={"arrowstyle": "-|>", "color": INK},
            ha="right",
            va="center",
            fontsize=points(),
        )
        told.append(f"{stage}, {number(np.median(sizes), 0)} ({_span(sizes, 0)})")
    panels[0].set_ylabel("mean $|g_B - g|^2$ / $|g|^2$")
    panels[1].tick_params(labelleft=False)
    handles, labels = panels[0].get_legend_handles_labels()
    outside = {"loc": "outside upper center", "ncols": 5, "frameon": False, "columnspacing": 1.2}
    figure.legend(handles, labels, fontsize=points(), **outside)
    predicted = np.stack(
        [[record.predicted(stage, s) for s in range(len(record.seeds))] for stage in record.stages]
    )
    ratios = record.measured[..., inside] / predicted[..., inside]
    caption = (
        f"Mean squared error of batch gradients, {len(record.seeds)} seeds, n = {n:,} images. "
        f"Measured over predicted, spread / B · (n − B) / (n − 1): {_span(ratios, 2)}. "
        f"The error is as large as |g|² at this batch size, median (range over the seeds): "
        f"{'; '.join(told)}. At B = {n:,} it is 0."
    )
    return Static(figure, caption)


def break_even(record: GradientNoise, stage: int) -> np.ndarray:
    """Return the batch size at which the predicted error is |g|², one for each seed, (S,).

    It solves spread / B · (n - B) / (n - 1) = |g|² for B; ``stage`` is 0 or 1.
    """
    ratio, n = record.spread[stage] / record.full[stage], record.samples
    return ratio * n / (n - 1 + ratio)


def _stage(axes: Axes, record: GradientNoise, k: int) -> None:
    n, full = record.samples, record.full[k]
    fine = np.append(np.geomspace(1, n / 2, 60), n - np.geomspace(n / 2, n / 2000, 60))
    inside = record.batch_sizes < n
    median = float(np.median(record.spread[k] / full))
    axes.axhline(1, color=QUIET, lw=1.2, ls=":")
    axes.plot(fine, median / fine, color=INK, lw=1.5, ls="--", label="1 / B")
    for s, seed in enumerate(record.seeds):
        spread = record.spread[k, s] / full[s]
        label = "predicted" if s == 0 else None
        axes.plot(fine, spread / fine * (n - fine) / (n - 1), color=BATCH, lw=1, label=label)
        look = {"marker": MARKERS[s % len(MARKERS)], "color": BATCH, "mec": INK, "mew": 0.8}
        axes.plot(
            record.batch_sizes[inside],
            record.measured[k, s, inside] / full[s],
            ls="",
            ms=7,
            label=f"seed {seed}",
            **look,
        )
    sizes = break_even(record, k)
    axes.plot(sizes, np.ones(len(sizes)), "|", color=INK, ms=16, mew=2)
    text = f"B = {_span(sizes, 0)}"
    axes.text(sizes.max() * 1.25, 1.3, text, fontsize=points(), color=INK)


def _span(values: np.ndarray, digits: int) -> str:
    return f"{number(float(values.min()), digits)} to {number(float(values.max()), digits)}"
