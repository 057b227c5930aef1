"""Where the norms of a transformer stand: gradients at the start, and accuracy over the rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import (
    BATCH,
    FAINT,
    FEATURE,
    INK,
    PAPER,
    QUIET,
    new_figure,
    number,
    points,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bncourse.experiments.transformer_start import Start
    from bncourse.experiments.transformer_training import TransformerTraining

WIDTH, HEIGHT = 890, 410
# Name, colour, marker of each place of the norms.
PLACES = {
    "post": ("post-LN", INK, "s"),
    "pre": ("pre-LN", FEATURE, "^"),
    None: ("no norm", QUIET, "o"),
}
THEORY = {"post": 0.0, "pre": -0.5}  # power of L (Xiong et al. 2020, theorem 1)
# The arms of each panel: name, colour, marker; the hollow and dashed ones come second.
PANELS = (
    (
        "where the norms stand",
        {
            "post": ("post-LN", INK, "s", False),
            "post, warm-up": ("post-LN, warm-up", INK, "s", True),
            "pre": ("pre-LN", FEATURE, "^", False),
            "pre, warm-up": ("pre-LN, warm-up", FEATURE, "^", True),
            "none": ("no norm", QUIET, "o", False),
        },
    ),
    (
        "which norm, inside the blocks",
        {
            "pre": ("layer norm", FEATURE, "^", False),
            "pre, RMSNorm": ("RMSNorm", FEATURE, "D", True),
            "pre, batch norm": ("batch norm", BATCH, "o", False),
        },
    ),
)
ASIDE = 0.03  # between the arms at one rate, as powers of ten


def transformer_start(starts: Sequence[Start], deeper: Sequence[Start]) -> Static:
    """Return two panels of gradient norms before training, of the second feed-forward matrix.

    Left, block by block: `starts` are nets of one depth, one for each place of the norms. The
    dotted line is the factor that Xiong et al. (2020) give post-LN, sqrt(2/3) for each block.
    Right, the last block against the number of blocks: `deeper` are nets of "post" and "pre" of
    several depths, which may have other seeds than `starts`; the fitted powers of L are written
    below them. Dotted lines are theorem 1: constant, and like 1 / sqrt(L).
    """
    figure, (left, right) = new_figure(WIDTH, HEIGHT, widths=(1, 1))
    told = []
    for start in starts:
        name, colour, marker = PLACES[start.placement]
        blocks = np.arange(1, start.depth + 1)
        _seeds(left, blocks, start.last_weights, colour, marker, name)
        first, last = (_middle(start.last_weights[k]) for k in (0, -1))
        told.append(f"{name} {number(first, 2)} in the first block, {number(last, 2)} in the last")
        if start.placement == "post":
            left.plot(blocks, last * (2 / 3) ** ((start.depth - blocks) / 2), ":", color=colour)
            decay = (2 / 3) ** ((start.depth - 1) / 2)
            told[-1] += f" (the dotted line would have {number(last * decay, 2)} in the first)"
    left.set(title=f"each of {starts[0].depth} blocks", xlabel="block (1 is next to the input)")
    left.set_xticks(np.arange(1, starts[0].depth + 1))
    left.set_ylabel("gradient norm at the start")
    grown, fitted = [], []
    for placement, power in THEORY.items():
        nets = [start for start in deeper if start.placement == placement]
        name, colour, marker = PLACES[placement]
        depths = np.array([net.depth for net in nets])
        sizes = np.stack([net.last_weights[-1] for net in nets])
        _seeds(right, depths, sizes, colour, marker, name)
        middle = _middle(sizes)
        # Through the middle of the points.
        level = np.exp(np.mean(np.log(middle) - power * np.log(depths)))
        right.plot(depths, level * depths**power, ":", color=colour)
        powers = np.polyfit(np.log(depths), np.log(sizes), 1)[0]
        error = powers.std(ddof=1) / np.sqrt(len(powers))
        grown.append(
            f"{name} goes like L to the power {number(powers.mean(), 2)} ± {number(error, 2)} "
            f"(theory {power:g})"
        )
        fitted.append(f"{name}: power of L {powers.mean():.2f} ± {error:.2f}".replace("-0", "−0"))
    right.text(
        0.03, 0.03, "\n".join(fitted), transform=right.transAxes, va="bottom", fontsize=points(),
        color=INK, bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.5},
    )  # fmt: skip
    right.set(title="the last block", xlabel="number of blocks L", xscale="log")
    right.set_xticks(depths, map(str, depths))
    right.minorticks_off()
    for axes in (left, right):
        axes.set_yscale("log")
        axes.grid(axis="y", color=FAINT, lw=0.8)
        axes.set_axisbelow(True)
        _plain_ticks(axes)
    _legend(figure, left)
    caption = (
        f"Norm of the loss gradient with respect to the second feed-forward matrix of a block, "
        f"before training. Lines are geometric means, small dots are seeds, "
        f"{starts[0].stream.shape[1]} left and {sizes.shape[1]} right; dotted lines are the theory "
        f"of Xiong et al. (2020). {starts[0].depth} blocks: {'; '.join(told)}. "
        f"The last of {depths[0]} to {depths[-1]} blocks: "
        f"{'; '.join(grown)}; ± is the standard error over seeds."
    )
    return Static(figure, caption)


def transformer_rates(record: TransformerTraining, budget: int = -1) -> Static:
    """Return two panels of test accuracy over Adam's learning rate, after one of the budgets.

    Left by where the norms stand, with and without warm-up; right, on a scale of its own, by kind
    of norm. Lines are medians over the seeds, bars reach from the worst seed to the best.
    """
    figure, panels = new_figure(WIDTH, HEIGHT, widths=(1, 1))
    for axes, (title, arms) in zip(panels, PANELS, strict=True):
        for place, (arm, (name, colour, marker, hollow)) in enumerate(arms.items()):
            percent = 100 * record.accuracy[record.arms.index(arm), :, budget]
            x = record.rates * 10 ** (ASIDE * (place - (len(arms) - 1) / 2))
            axes.vlines(x, percent.min(1), percent.max(1), color=colour, lw=1)
            axes.plot(
                x, np.median(percent, axis=1), marker, color=colour, label=name, ms=7, lw=2,
                ls="--" if hollow else "-", mfc=PAPER if hollow else colour, mec=colour,
            )  # fmt: skip
        axes.set(title=title, xscale="log", xlabel="learning rate of Adam, in thousandths")
        ticks = [
            f"1/{round(1 / rate)}" if rate < 1 else f"{rate:g}" for rate in 1000 * record.rates
        ]
        axes.set_xticks(record.rates, ticks)
        axes.minorticks_off()
        axes.set_ylim(_floor(record, arms, budget), 101)
        axes.grid(axis="y", color=FAINT, lw=0.8)
        axes.set_axisbelow(True)
        axes.legend(loc="lower left", fontsize=points(), frameon=False, handlelength=2.6)
    panels[0].set_ylabel("test accuracy in %")
    names = {arm: name for _, arms in reversed(PANELS) for arm, (name, *_) in arms.items()}
    updates, seeds = record.budgets[budget], len(record.seeds)
    told = []
    for arm in record.arms:
        own, a = 100 * record.at_best(arm)[budget], record.arms.index(arm)
        median = 100 * np.median(record.accuracy[a, :, budget], axis=-1)
        told.append(
            f"{names[arm]}: {', '.join(number(value, 0) for value in median)}; at its own best "
            f"rate, {1000 * record.best_rate(arm)[budget]:g}, {number(own.mean(), 1)} "
            f"({number(own.std(ddof=1), 1)})"
        )
    rates = ", ".join(f"{rate:g}" for rate in 1000 * record.rates)
    low = _floor(record, PANELS[1][1], budget)
    caption = (
        f"Test accuracy in percent after {updates} updates by Adam; warm-up takes "
        f"{record.warm_up} of them. Lines are medians of {seeds} seeds, bars reach from the worst "
        f"seed to the best; the right scale begins at {low}. At rates of {rates} thousandths, "
        f"medians, and means (sd over seeds) at the best rate, which was found on other seeds: "
        f"{'. '.join(told)}."
    )
    return Static(figure, caption)


def _floor(record: TransformerTraining, arms: Sequence[str], budget: int) -> int:
    """Return where a panel's scale begins: 0, or the tens below the worst seed if it learned."""
    worst = 100 * record.accuracy[[record.arms.index(arm) for arm in arms], :, budget].min()
    return int(worst // 10) * 10 if worst > 50 else 0


def _rate(rate: float) -> str:
    """Write a rate in thousandths: 4, or 1/4."""
    return f"1/{number(0.001 / rate)}" if rate < 0.001 else number(1000 * rate)


def _seeds(
    axes: Axes, x: np.ndarray, sizes: np.ndarray, colour: str, marker: str, name: str
) -> None:
    """Draw (K, S) sizes at K places: a dot for each seed, a line through the geometric means."""
    axes.plot(np.repeat(x, sizes.shape[1]), sizes.ravel(), ".", color=colour, ms=5, alpha=0.5)
    axes.plot(x, _middle(sizes), marker, ls="-", color=colour, ms=8, mec=PAPER, lw=1.8, label=name)


def _middle(sizes: np.ndarray) -> np.ndarray:
    """Return the geometric mean over the last axis."""
    return np.exp(np.log(sizes).mean(axis=-1))


def _plain_ticks(axes: Axes) -> None:
    """Mark a logarithmic axis at 1, 3, 10 and so on; at 1, 2, 5 and 10 if it is short."""
    low, high = axes.get_ylim()
    digits = (1, 3) if high / low > 100 else (1, 2, 5)
    ticks = [
        digit * 10.0**power
        for power in range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))))
        for digit in digits
    ]
    ticks = [tick for tick in ticks if low <= tick <= high]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()


def _legend(figure: Figure, axes: Axes) -> None:
    axes.plot([], [], ":", color=INK, label="theory")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper center", ncols=len(labels), fontsize=points(),
        frameon=False, handlelength=2.6,
    )  # fmt: skip
