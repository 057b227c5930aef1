"""Two limits of layer norm: what all samples share stays in, and few features leave few places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, FEATURE, INK, QUIET, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.few_features import FewFeatures
    from bncourse.experiments.layer_norm_limits import DeepArms

# What the legend says: its colour, dash and marker, and which arm of either record it is.
LOOKS = {
    "batch norm": (BATCH, "-", "o"),
    "layer norm": (FEATURE, "--", "s"),
    "layer norm, gamma starts at 4": (INK, "-.", "D"),
    "no norm": (QUIET, ":", "^"),
}
DEEP = dict(zip(LOOKS, ("BN", "LN", "LN, gamma 4", "none, good weights"), strict=True))
FEW = {"batch norm": "BN", "layer norm": "LN", "no norm": "none"}


def layer_norm_limits(deep: DeepArms, few: FewFeatures) -> Static:
    """Return three panels.

    Left: the share of the signal that tells images apart in every layer of the deep sigmoid net
    before training, median of the seeds, on a logarithmic axis, and beside it the accuracy after
    the first number of updates. Middle: test accuracy over the number of features that the norm
    runs over, every seed. Right: the test images on the circle that layer norm makes of three
    features, one row for each digit.
    """
    figure, (left, middle, right) = new_figure(890, 400, widths=(1.1, 1, 1))
    told = [_draw_depth(left, deep), _draw_widths(middle, few), _draw_circle(right, few)]
    figure.legend(
        *left.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=len(DEEP),
        fontsize=points(),
        frameon=False,
        handlelength=3,
    )
    return Static(figure, " ".join(told))


def _draw_depth(axes: Axes, record: DeepArms) -> str:
    layers = np.arange(1, record.apart.shape[1] + 1)
    told = []
    for name, arm in DEEP.items():
        a = record.arms.index(arm)
        own = np.median(record.apart[a], axis=-1)
        axes.plot(layers, own, label=name, **_line(name))
        beside = {"xytext": (9, 0), "textcoords": "offset points", "va": "center"}
        right = f"{100 * record.accuracy[a, 0].mean():.0f} %"
        look = {"color": LOOKS[name][0], "size": points()}
        axes.annotate(right, (layers[-1], own[-1]), **beside, **look)
        spreads = ", ".join(_spread(row) for row in record.accuracy[a])
        told.append(f"{name} {number(100 * own[-1], 2)} % ({spreads})")
    axes.set(yscale="log", xlabel="layer", xlim=(0.7, layers[-1] + 1.5))
    axes.set_title(f"at the start; % right after {record.budgets[0]}")
    axes.set_ylabel("share that tells images apart")
    axes.set_xticks(layers)
    axes.set_yticks([1, 0.1, 0.01, 0.001, 1e-4], ["1", "0.1", "0.01", "0.001", "1e-4"])
    axes.minorticks_off()
    _grid(axes)
    budgets = " and ".join(str(budget) for budget in record.budgets)
    return (
        f"Left, {record.net} before training: share of the squared signal that differs between "
        f"images, median of {len(record.seeds)} seeds; in layer {layers[-1]} (and test accuracy in "
        f"percent after {budgets} updates, ± sd over the seeds): {'; '.join(told)}. The net "
        "without a norm has weights of the right size for sigmoids, the others small ones."
    )


def _draw_widths(axes: Axes, record: FewFeatures) -> str:
    places = np.arange(len(record.widths))
    told = []
    for name, arm in FEW.items():
        rows = 100 * record.accuracy[record.arms.index(arm)]
        axes.plot(places, rows.mean(axis=1), **_line(name))
        dots = {**_line(name), "ls": "", "ms": 4, "mew": 0, "alpha": 0.6}
        axes.plot(np.repeat(places, rows.shape[1]), rows.ravel(), **dots)
        told.append(f"{name} {', '.join(_spread(row / 100) for row in rows)}")
    axes.set_xticks(places, [str(width) for width in record.widths])
    axes.set(xlabel="features", ylabel="test accuracy in %", ylim=(0, 103))
    axes.set_title("a norm over few features")
    _grid(axes)
    widths = ", ".join(str(width) for width in record.widths)
    return (
        f"Middle: accuracy of a classifier with a bottleneck of {widths} features, after "
        f"{record.updates} updates: {'; '.join(told)}."
    )


def _draw_circle(axes: Axes, record: FewFeatures) -> str:
    axes.plot(record.angles, record.labels, "|", color=FEATURE, ms=11, mew=1, alpha=0.5)
    axes.set_yticks(range(10))
    axes.set_xticks([0, 90, 180, 270, 360])
    axes.set(xlim=(0, 360), ylim=(9.6, -0.6), xlabel="place on the circle, degrees")
    axes.set(ylabel="digit", title="three features: a circle")
    return (
        f"Right: where the {len(record.angles)} test images lie on the circle of three features "
        f"behind layer norm, in the first net; its accuracy is "
        f"{100 * record.at('LN', 3)[0]:.1f} %."
    )


def _line(name: str) -> dict:
    colour, dashes, marker = LOOKS[name]
    return {"color": colour, "ls": dashes, "marker": marker, "lw": 2, "ms": 7, "mec": "white"}


def _grid(axes: Axes) -> None:
    axes.grid(axis="y", color=QUIET, alpha=0.25, lw=0.8)
    axes.set_axisbelow(True)


def _spread(values: np.ndarray) -> str:
    """Write mean and sd over the seeds (S,), in percent."""
    return f"{100 * values.mean():.1f} ± {100 * values.std(ddof=1):.1f}"
