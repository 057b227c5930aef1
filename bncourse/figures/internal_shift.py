"""Two definitions of internal covariate shift, and smoothness, beside what they should explain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, FAINT, INK, QUIET, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.internal_shift import InternalShift
    from bncourse.experiments.landscape import Landscape

# Title of a panel, what its axis starts and ends with, and how the caption calls it.
PANELS = (
    ("shift 1: drift of\nlinear outputs, sds", None, "drift"),
    ("shift 2: gradients,\n|G - G'| / |G|", (0, None), "|G - G'| / |G|"),
    ("roughness β", (0, None), "beta"),
    ("cosine of gradients\nafter a step", (-1.05, 1.05), "cosine"),
    ("accuracy in %,\nmean over run", (40, 101), "accuracy"),
)


def internal_shift(
    shifts: InternalShift,
    landscape: Landscape,
    rows: Sequence[tuple[str, float | None]] = (
        ("ReLU", 0.1),
        ("ReLU", None),
        ("sigmoid", 0.5),
        ("sigmoid", None),
    ),
) -> Static:
    """Return both definitions, two measures of smoothness and the accuracy, without and with BN.

    A row is a net and a learning rate, None for each arm's own best one. Signs are seeds: medians
    over the checkpoints, and over layers; accuracy is the mean over the checkpoints, so that speed
    counts. An arrow leads from the mean without BN to the mean with it. Drift, on a logarithmic
    axis, is that of what the linear layers put out, which with BN goes into it: behind a BN means
    stand still by construction.
    """
    figure, panels = new_figure(890, 110 + 78 * len(rows), widths=(1,) * len(PANELS))
    told = []
    for k, (net, rate) in enumerate(rows):
        pair = [shifts.run(net, with_bn, rate) for with_bn in (False, True)]
        smooth = [landscape.run(net, with_bn, rate) for with_bn in (False, True)]
        values = (
            [run.drift_in for run in pair],
            [run.relative for run in pair],
            [run.typical("beta") for run in smooth],
            [run.typical("cosine") for run in smooth],
            [100 * run.accuracy.mean(axis=0) for run in pair],
        )
        for axes, (without, with_bn) in zip(panels, values, strict=True):
            _arrow(axes, k, without, with_bn)
        name = _name(net, rate, [run.rate for run in pair])
        means = [
            f"{panel[2]} {_short(np.nanmean(without))} and {_short(np.nanmean(with_bn))}"
            for panel, (without, with_bn) in zip(PANELS, values, strict=True)
        ]
        told.append(f"{name.replace(chr(10), ' ').replace('|', 'and')}: {', '.join(means)} %")
        panels[0].text(
            -0.08, k, name, transform=panels[0].get_yaxis_transform(),
            ha="right", va="center", fontsize=points(),
        )  # fmt: skip
    for axes, (title, ends, _) in zip(panels, PANELS, strict=True):
        axes.set_title(title, fontsize=points())
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        for k in range(len(rows) - 1):
            axes.axhline(k + 0.5, color=FAINT, lw=0.8)
        if ends is None:
            axes.set_xscale("log")
            _powers(axes)
        else:
            axes.set_xlim(*ends)
        axes.grid(axis="x", color=QUIET, alpha=0.25, lw=0.8)
    signs = [
        panels[0].plot([], [], "o", color=INK, mfc="white", ms=8, mew=1.8, label="without BN")[0],
        panels[0].plot([], [], "s", color=BATCH, ms=8, label="with BN")[0],
    ]
    figure.legend(
        handles=signs, loc="outside lower center", ncols=2, frameon=False, fontsize=points()
    )
    caption = (
        f"Without and with BN, means of {len(shifts.seeds)} seeds, each the median over "
        f"checkpoints and layers (accuracy: the mean over the run). Drift is that of the means of "
        f"what goes into BN, in sds per update. {'; '.join(told)}."
    )
    return Static(figure, caption)


def _arrow(axes: Axes, row: int, without: np.ndarray, with_bn: np.ndarray) -> None:
    """Draw the seeds of both arms, and an arrow from mean to mean a little below them."""
    for values, y, look in (
        (without, row - 0.22, {"color": INK, "mfc": "white", "marker": "o"}),
        (with_bn, row + 0.02, {"color": BATCH, "marker": "s"}),
    ):
        axes.plot(values, np.full(len(values), y), ls="none", ms=6, mew=1.2, **look)
    start, end = np.nanmean(without), np.nanmean(with_bn)
    axes.annotate(
        "", (end, row + 0.28), (start, row + 0.28),
        arrowprops={"arrowstyle": "-|>", "color": QUIET, "lw": 1.8, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip


def _powers(axes: Axes) -> None:
    """Write powers of ten as plain numbers, every second if there are many."""
    low, high = np.log10(axes.get_xlim())
    powers = np.arange(np.ceil(low), np.floor(high) + 1)
    powers = powers[:: 1 if len(powers) < 3 else 2]
    axes.set_xticks(10.0**powers, [f"{10.0**power:g}" for power in powers])
    axes.minorticks_off()


def _name(net: str, rate: float | None, own: list[float]) -> str:
    if rate is not None:
        return f"{net},\nboth at {number(rate, 4)}"
    without, with_bn = (number(value, 4) for value in own)
    return f"{net},\nown best:\n{without} | {with_bn}"


def _short(value: float) -> str:
    """Write two significant digits, three from 10 on."""
    return f"{value:.3g}" if value >= 10 else f"{value:.2g}"
