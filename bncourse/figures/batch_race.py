"""What it takes to learn the digits, against the batch size: updates, epochs and seconds."""

from __future__ import annotations

from typing import Any

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, INK, QUIET, new_figure, number, numbers, points


def batch_race(stored: dict[str, Any]) -> Static:
    """Return updates, epochs and seconds to the target accuracy, each against the batch size.

    ``stored`` is ``results.load("batch_sizes")``. Dots are seeds, the line is their median; the
    seconds are a seed's updates times the time of one. A seed that never got there is a cross at
    the top, and counts as infinite in the median. The smallest median has a ring.
    """
    arms = stored["arms"]
    sizes = np.array([arm["batch_size"] for arm in arms])
    updates = np.stack([_never(arm["updates"]) for arm in arms])
    epochs = np.stack([_never(arm["epochs"]) for arm in arms])
    seconds = updates * np.array([[arm["ms_per_update"]] for arm in arms]) / 1000
    figure, panels = new_figure(890, 340, widths=(1, 1, 1))
    told = []
    shift = np.geomspace(0.88, 1.14, updates.shape[1])  # equal seeds would hide each other
    for axes, name, values in zip(
        panels, ("updates", "epochs", "seconds"), (updates, epochs, seconds), strict=True
    ):
        medians = np.median(values, axis=1)
        there = np.isfinite(values)
        top = 1.6 * values[there].max()
        axes.plot(sizes, medians, color=BATCH, lw=2)
        across = sizes[:, None] * shift
        axes.plot(across[there], values[there], "o", ms=5, color=INK, mec="white", mew=0.5)
        axes.plot(across[~there], np.full((~there).sum(), top), "x", ms=7, color=INK)
        best = int(medians.argmin())
        axes.plot(sizes[best], medians[best], "o", ms=19, mfc="none", mec=BATCH, mew=2)
        axes.set(xscale="log", yscale="log", xlabel="batch size")
        axes.set_title(f"{name} to {number(100 * stored['target_accuracy'], 1)} %")
        axes.set_xticks(sizes, [str(size) for size in sizes], fontsize=points())
        axes.minorticks_off()
        ticks = _ticks(values[there].min() / 1.2, top)
        axes.set_yticks(ticks, [f"{tick:,g}" for tick in ticks], minor=False)
        axes.set_ylim(values[there].min() / 1.5, 1.2 * top)
        axes.grid(axis="y", color=QUIET, alpha=0.25, lw=0.8)
        told.append(f"{name}: {', '.join(map(_short, medians))} ({_smallest(sizes, values)})")
    rates = numbers([arm["learning_rate"] for arm in arms])
    caption = (
        f"To a test accuracy of {number(100 * stored['target_accuracy'], 1)} % with batch sizes "
        f"{', '.join(str(size) for size in sizes)}, each at its own best learning rate ({rates}), "
        f"medians of {updates.shape[1]} seeds. {'; '.join(told)}. The seconds are those of one "
        "machine."
    )
    return Static(figure, caption)


def _ticks(low: float, high: float) -> list[float]:
    """Return 1, 3, 10, 30, … between two numbers, both above 0."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [digit * 10.0**power for power in powers for digit in (1, 3)]
    return [tick for tick in ticks if low <= tick <= high]


def _never(values: list[float | None]) -> np.ndarray:
    return np.array([np.inf if value is None else value for value in values], dtype=float)


def _short(value: float) -> str:
    if not np.isfinite(value):
        return "never"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _smallest(sizes: np.ndarray, values: np.ndarray) -> str:
    """Name the size with the smallest median, and those whose seeds overlap with its seeds."""
    best = int(np.median(values, axis=1).argmin())
    low, high = values[best].min(), values[best].max()
    close = [
        str(size)
        for k, size in enumerate(sizes)
        if k != best and values[k].min() <= high and values[k].max() >= low
    ]
    text = f"smallest at {sizes[best]}, seeds {_short(low)} to {_short(high)}"
    return f"{text}, overlapping with those of {' and '.join(close)}" if close else text
