"""Gradients of batches drawn from twelve images: the larger the batch, the closer to the full one.

Four small pictures with one scale, so that the spreads can be compared by eye.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, INK, QUIET, new_figure, number, points

if TYPE_CHECKING:
    from bncourse.experiments.twelve_images import TwelveImages

SIZES = (1, 2, 4, 12)
DRAWS = 60
TALL = 1.2  # of a dot, in units of the gradient axis
WIDE = 9  # half a panel, in dots


def gradient_dots(images: TwelveImages, draws: int = DRAWS, seed: int = 0) -> Static:
    """Return ``draws`` gradients for each batch size, with measured and predicted spread.

    Batches are drawn without replacement. The measured sd is around the full gradient, and so is
    the predicted one, which is drawn as a band.
    """
    figure, panels = new_figure(880, 360, widths=(1,) * len(SIZES))
    lowest, highest = images.gradients.min() - 2, images.gradients.max() + 2
    told = []
    for axes, size in zip(panels, SIZES, strict=True):
        drawn = images.estimates(size, draws, seed)
        measured = float(np.sqrt(np.mean((drawn - images.full) ** 2)))
        predicted = images.predicted_sd(size)
        axes.axhspan(
            images.full - predicted, images.full + predicted, color=BATCH, alpha=0.13, lw=0
        )
        axes.axhline(images.full, color=INK, lw=1.5, ls="--")
        axes.plot(beside(drawn, TALL), drawn, "o", ms=5, color=BATCH, mec="white", mew=0.4)
        axes.set(xlim=(-WIDE, WIDE), ylim=(lowest, highest), xticks=[])
        axes.set_title(f"B = {size}")
        axes.set_xlabel(f"sd {number(measured, 2)}\npredicted {number(predicted, 2)}")
        axes.spines["bottom"].set_visible(False)
        if axes is not panels[0]:
            axes.spines["left"].set_color(QUIET)
            axes.tick_params(labelleft=False)
        told.append(f"B = {size}: {number(measured, 2)} ({number(predicted, 2)})")
    panels[0].set_ylabel("gradient of a batch")
    panels[-1].text(0, images.full + 1, "full gradient", ha="center", fontsize=points(), color=INK)
    caption = (
        f"{draws} batches of each size B, drawn without replacement from {len(images.pixels)} "
        f"images, around the full gradient {number(images.full, 2)}. Measured sd, and in "
        f"brackets the predicted one (the band): {'; '.join(told)}. "
        f"From {draws} draws an sd is right to about {number(100 / np.sqrt(2 * draws), 0)} %."
    )
    return Static(figure, caption)


def beside(values: np.ndarray, tall: float) -> np.ndarray:
    """Return places for dots (n,), so that those of about one height stand side by side."""
    rows = np.round(values / tall).astype(int)
    places = np.empty(len(values))
    for row in np.unique(rows):
        (members,) = np.nonzero(rows == row)
        room = min(1, 2 * (WIDE - 0.5) / len(members))  # many equal ones overlap
        places[members] = room * (np.arange(len(members)) - (len(members) - 1) / 2)
    return places
