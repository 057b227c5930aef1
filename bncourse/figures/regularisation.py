"""What dropout, weight decay and BN add to the test accuracy of nets with few training images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bncourse.figures.show import Static
from bncourse.figures.style import INK, PAPER, QUIET, new_figure, number, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bncourse.experiments.regularisation import Trained

# Marker, colour, face and distance from the middle of the row.
LOOKS = {"pixels": ("o", INK, INK, -0.14), "standardised": ("s", QUIET, PAPER, 0.14)}


def regularisation(designs: dict[str, tuple[Trained, ...]]) -> Static:
    """Return two panels of paired gains in test accuracy over nets without anything.

    Left the methods with batches of 25, of the weight decays only the one with the best search;
    right BN with the gradient of all 200 images, by the number of images that share statistics.
    Markers are means over the splits, bars ± one standard error of the paired differences.
    """
    figure, panels = new_figure(890, 400, widths=(1, 1))
    told, tops = [], []
    choices = (
        ("batches of 25 images", best_decay_only(designs["methods"]), method_label),
        ("gradients of all 200 images", designs["noise"], group_label),
    )
    for axes, (title, arms, label) in zip(panels, choices, strict=True):
        told.append(f"{title[0].upper()}{title[1:]}: {_rows(axes, arms, label)}.")
        axes.set_title(title)
        axes.set_xlabel("gain in points, ± one standard error")
        tops.extend(axes.get_xlim())
    for axes in panels:
        axes.set_xlim(min(tops), max(tops))
        axes.axvline(0, color=QUIET, lw=1.2, ls=":", zorder=0)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper center", ncols=2, frameon=False, fontsize=points()
    )
    first = designs["methods"][0]
    caption = (
        f"Test accuracy in points above nets with nothing added, means of {len(first.test)} paired "
        f"splits ± one standard error of the paired differences. {' '.join(told)}"
    )
    return Static(figure, caption)


def best_decay_only(arms: Sequence[Trained]) -> tuple[Trained, ...]:
    """Leave out the weight decays that another one beat on the splits of the search."""
    kept = []
    for found in arms:
        rivals = [
            max(other.searched.values())
            for other in arms
            if other.arm.decay and other.arm.inputs == found.arm.inputs
        ]
        if not found.arm.decay or max(found.searched.values()) == max(rivals):
            kept.append(found)
    return tuple(kept)


def method_label(found: Trained) -> str:
    """Name an arm by what regularises."""
    return found.arm.name


def group_label(found: Trained) -> str:
    """Name an arm by the images that share statistics."""
    if not found.arm.group:
        return found.arm.name
    every = "all " if found.arm.group == found.arm.batch else ""
    return f"{found.arm.name} over {every}{found.arm.group}"


def _rows(axes: Axes, arms: Sequence[Trained], label: Callable[[Trained], str]) -> str:
    """Draw a row for every label, and tell what was drawn."""
    without = {found.arm.inputs: found for found in arms if found.arm.name == "none"}
    names = list(dict.fromkeys(label(found) for found in arms if found.arm.name != "none"))
    parts = []
    for inputs, (marker, colour, face, aside) in LOOKS.items():
        shown = [f for f in arms if f.arm.inputs == inputs and f.arm.name != "none"]
        if not shown:
            continue
        gains = [found.gain(without[inputs]) for found in shown]
        axes.errorbar(
            [mean for mean, _ in gains],
            [names.index(label(found)) + aside for found in shown],
            xerr=[error for _, error in gains],
            ls="",
            marker=marker,
            color=colour,
            mfc=face,
            ms=8,
            capsize=4,
            lw=1.5,
            label="pixels as they are" if inputs == "pixels" else "standardised pixels",
        )
        each = ", ".join(
            f"{label(found)} {number(mean, 2)} ± {number(error, 2)}"
            for found, (mean, error) in zip(shown, gains, strict=True)
        )
        base = number(float(without[inputs].test.mean()), 2)
        parts.append(f"{inputs} (none {base} %): {each}")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="x", color=QUIET, alpha=0.25, lw=0.8)
    return "; ".join(parts)
