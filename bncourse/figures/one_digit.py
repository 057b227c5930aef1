"""One digit in many batches of four: what is predicted in training and in evaluation mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, FEATURE, INK, QUIET, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.one_digit import OneDigit


def one_digit(record: OneDigit) -> Static:
    """Return the digit, and how often each class was predicted in either mode.

    The bars of wrong classes are hatched. The caption also tells how many images change their class
    with the batch, for every batch size.
    """
    figure, (left, middle, right) = new_figure(880, 310, widths=(0.75, 1, 1))
    left.imshow(record.pixels, cmap="Greys", vmin=0, vmax=1)
    left.set(xticks=[], yticks=[])
    left.spines[:].set_visible(True)
    left.set_title(f"test image {record.image}, label {record.label}")
    batches = int(record.train_counts.sum())
    modes = (
        (middle, "train(): statistics of the batch", record.train_counts, BATCH),
        (right, "eval(): running averages", record.eval_counts, FEATURE),
    )
    for axes, title, counts, colour in modes:
        _bars(axes, counts, record.label, colour)
        axes.set_title(title)
    middle.set_ylabel(f"of {batches} batches")
    right.tick_params(labelleft=False)
    return Static(figure, _caption(record, batches))


def _bars(axes: Axes, counts: np.ndarray, label: int, colour: str) -> None:
    classes, batches = np.arange(len(counts)), counts.sum()
    right = classes == label
    axes.bar(classes[right], counts[right], color=colour, ec=INK)
    axes.bar(classes[~right], counts[~right], color="white", ec=colour, hatch="///")
    for k, count in zip(classes[counts > 0], counts[counts > 0], strict=True):
        axes.text(k, count + 0.015 * batches, str(count), ha="center", fontsize=points())
    axes.set_xticks(classes)
    axes.get_xticklabels()[label].set_weight("bold")
    axes.set(xlabel="predicted class", ylim=(0, 1.1 * batches))
    axes.set_yticks(np.linspace(0, batches, 5, dtype=int))
    axes.grid(axis="y", color=QUIET, alpha=0.25, lw=0.8)
    axes.set_axisbelow(True)


def _caption(record: OneDigit, batches: int) -> str:
    sizes = ", ".join(str(size) for size in record.batch_sizes)
    return (
        f"Test image {record.image}, label {record.label}, in {batches} batches of "
        f"{record.shown_size} with others drawn at random. Training mode: class "
        f"{_counts(record.train_counts)}. Evaluation mode, the same batches: class "
        f"{_counts(record.eval_counts)}. It is an extreme one: of {record.candidates} images that "
        "evaluation mode gets right, the one with the least agreement in "
        f"{record.choosing_draws} other batches; the class given most often has a share of "
        f"{_percent(record.typical_share)} for the median image, and {record.candidates_changing} "
        f"of the {record.candidates} are given more than one class. Over the first "
        f"{record.images} test images, {record.draws} batches each, mean ± sd over "
        f"{len(record.seeds)} nets, for batches of {sizes}: given more than one class in training "
        f"mode {_each(record.changing)}; accuracy in training mode {_each(record.train_accuracy)}, "
        f"in evaluation mode {_spread(record.eval_accuracy)}, whatever the batch."
    )


def _counts(counts: np.ndarray) -> str:
    """Name the classes that were predicted, the most frequent first, and how often."""
    order = [k for k in np.argsort(-counts, kind="stable") if counts[k]]
    return ", ".join(f"{k} ({counts[k]})" for k in order)


def _each(values: np.ndarray) -> str:
    return ", ".join(_spread(row) for row in values)


def _spread(values: np.ndarray) -> str:
    """Write mean and sd over the nets (S,), in per cent."""
    return f"{100 * values.mean():.1f} ± {100 * values.std(ddof=1):.1f} %"


def _percent(share: float) -> str:
    return f"{number(100 * share, 1)} %"
