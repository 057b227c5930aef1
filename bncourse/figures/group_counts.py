"""Error over the number of groups: flat in the middle, and what happens at the ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import FEATURE, INK, QUIET, TEXT, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.group_counts import GroupCounts

TICKS = (1, 2, 3, 5, 10, 20, 30, 50, 90)
# Colour, dash and marker of each curve.
LOOKS = {
    "flatten": (INK, "-", "o"),
    "mean": (FEATURE, "--", "s"),
    "mean, norm behind ReLU": (QUIET, "-.", "^"),
    "trained": (INK, "-", "o"),
    "hidden weights frozen": (QUIET, ":", "D"),
}
GAP = 4.0  # from the last G to the place of BN, as a factor


def group_counts(record: GroupCounts) -> Static:
    """Return two panels over the number of groups, batches of 32: conv nets, and the MLP.

    Markers are means over the seeds, bars ± one standard deviation over the seeds. The axis of
    errors is logarithmic and the same in both. On the left, behind the last G, stands BN; on the
    right, a star is groups of two with the eps of `pair_eps` that serves them best.
    """
    figure, panels = new_figure(890, 430, widths=(6, 6.4))
    at_32 = record.batch_sizes.index(32)
    conv = {
        "flatten": record.test_error[0, at_32],
        "mean": record.test_error[1, at_32],
        "mean, norm behind ReLU": record.last_error,
    }
    mlp = {"trained": record.mlp_error[at_32], "hidden weights frozen": record.frozen_error}
    told = [_draw(panels[0], record.groups, conv), _draw(panels[1], record.mlp_groups, mlp)]

    place = GAP * record.groups[-1]
    for name, errors in zip(("flatten", "mean"), record.bn_error[:, at_32], strict=True):
        colour, _, marker = LOOKS[name]
        panels[0].errorbar(
            place, errors.mean(), errors.std(ddof=1), color=colour, marker=marker, ms=8,
            mec="white", capsize=4,
        )  # fmt: skip
    best = record.pair_error.mean(axis=-1).argmin()
    pairs, eps = record.pair_error[best], record.pair_eps[best]
    panels[1].errorbar(
        record.mlp_groups[-2], pairs.mean(), pairs.std(ddof=1), color=FEATURE, ls="none",
        marker="*", ms=17, mec="white", capsize=4, label=f"trained, eps = {number(eps)}",
    )  # fmt: skip

    _label(panels[0], record.groups, {1: "1\nLN", int(record.groups[-1]): "{}\nIN"}, "BN")
    _label(panels[1], record.mlp_groups, {1: "1\nLN"})
    panels[0].set_ylabel("test error in %")
    for axes, title in zip(panels, ("conv nets, 32 channels", "MLP, 64 units"), strict=True):
        legend = axes.legend(
            fontsize=points(), frameon=False, loc="lower left", bbox_to_anchor=(0, 1),
            handlelength=2.6, title=title, title_fontsize=points(TEXT + 1), alignment="left",
        )  # fmt: skip
        legend.set_in_layout(True)
    bn = " and ".join(_value(errors) for errors in record.bn_error[:, at_32])
    longer = ", ".join(
        f"{'BN' if groups is None else f'G = {groups}'} {_value(errors)}"
        for groups, errors in zip(record.long_groups, record.long_error, strict=True)
    )
    caption = (
        f"Test error in percent, mean of {len(record.seeds)} seeds ± one sd over the seeds (the "
        "bars), batches of 32, each net at its own best learning rate. Conv nets with G = "
        f"{', '.join(map(str, record.groups))}: {told[0]}; BN with the heads flatten and mean: "
        f"{bn}. Mean, trained three times as long: {longer}. MLP with G = "
        f"{', '.join(map(str, record.mlp_groups))}: {told[1]}; the star is "
        f"groups of two units with eps = {number(eps)} in place of 1e-5: {_value(pairs)}."
    )
    return Static(figure, caption)


def _draw(axes: Axes, groups: np.ndarray, curves: dict[str, np.ndarray]) -> str:
    told = []
    for name, errors in curves.items():
        colour, dashes, marker = LOOKS[name]
        mean, sd = errors.mean(axis=-1), errors.std(axis=-1, ddof=1)
        axes.errorbar(
            groups, mean, np.minimum(sd, 0.9 * mean), color=colour, ls=dashes, marker=marker,
            label=name, lw=2, ms=7, mec="white", capsize=4, elinewidth=1.5,
        )  # fmt: skip
        told.append(f"{name} {', '.join(_value(row) for row in errors)}")
    return "; ".join(told)


def _label(axes: Axes, groups: np.ndarray, ends: dict[int, str], beyond: str = "") -> None:
    ticks = {int(group): ends.get(int(group), "{}").format(group) for group in groups}
    if beyond:
        ticks[int(GAP * groups[-1])] = beyond
    axes.set(xscale="log", yscale="log", xlabel="groups G")
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_yticks(TICKS, [str(tick) for tick in TICKS])
    axes.set_ylim(1, 130)
    axes.set_xlim(0.75, 1.35 * max(ticks))
    axes.minorticks_off()
    axes.grid(axis="y", color=QUIET, alpha=0.25, lw=0.8)


def _value(errors: np.ndarray) -> str:
    return f"{number(errors.mean(), 1)} ± {number(errors.std(ddof=1), 1)}"
