"""The picture of GroupDial: a tensor with the sets of a norm, and the errors a paper reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import svg

from bncourse.figures.drawing import box, document, line, words
from bncourse.figures.published_tables import LOOKS, REPORTED, Panel, cursor, sizes
from bncourse.figures.style import CHANGED, FAINT, GUESS, HEAD, INK, QUIET, number
from bncourse.figures.tensor_drawing import Plan, grids, mark, shade

if TYPE_CHECKING:
    from bncourse.results.published import WuHe

WIDTH, HEIGHT = 880, 606
COUNTS = 304  # y of the row of counts
TABLES, TALL = 402, 148  # y of the charts, and their height
PAD = 4  # px between the numbers of a set and its frame


@dataclass(frozen=True)
class Sets:
    """The sets of numbers that share a mean.

    Attributes:
        shape: (N, C, H, W).
        marked: place of one number.
        over: how many images and channels one set spans; a set has all their pixels.
        members: boolean array of ``shape``, the set of the marked number.
        along: "images", "channels" or "pixels", what the hatches show.
        name, same: of the norm, and what other norm has these sets, or "".
        size, count: numbers in a set, and sets.
        learned: numbers in gamma and beta together.
        mate: by how much another image in the batch changes x_hat; 0 if it does not matter.
        kind, groups: the norm, and G if it is "GN".
    """

    shape: tuple[int, int, int, int]
    marked: tuple[int, ...]
    over: tuple[int, int]
    members: np.ndarray
    along: tuple[str, ...]
    name: str
    same: str
    size: int
    count: int
    learned: int
    mate: float
    kind: str
    groups: int


def picture(
    now: Sets,
    reported: WuHe | None,
    images: int,
    guess: tuple[str, tuple[int, ...]] | None,
    title: str,
    sentence: str,
) -> svg.SVG:
    """Return the whole picture; without ``reported`` nothing is shaded, counted or charted.

    ``guess`` is what was predicted, in words, and the batch sizes at both ends of it.
    """
    plan = Plan(now.shape, 66, 66)
    parts: list[svg.Element] = [
        words(12, 26, _head(now, reported is not None), size=HEAD, bold=True)
    ]
    if reported:
        parts += [*shade(plan, now.members, now.along), *grids(plan), *_frames(plan, now.over)]
        parts += [mark(plan, now.marked), *_counts(now), *_charts(now, reported, images, guess)]
    else:
        hint = "Sets, counts and reported errors follow your prediction."
        parts += [*grids(plan), mark(plan, now.marked), words(66, COUNTS, hint, colour=QUIET)]
    return document(WIDTH, HEIGHT if reported else COUNTS + 24, parts, title, sentence)


def _head(now: Sets, revealed: bool) -> str:
    images, channels, height, width = now.shape
    tensor = f"{images} images × {channels} channels × ({height} × {width} pixels)"
    if not revealed:
        return f"x: {tensor}; one number is marked"
    return f"{now.name}{f': {now.same}' if now.same else ''}"


def _frames(plan: Plan, over: tuple[int, int]) -> list[svg.Element]:
    """Draw a frame around every set."""
    images, channels = plan.shape[:2]
    wide, tall = plan.grid
    path: list[svg.PathData] = []
    for n in range(0, images, over[0]):
        for c in range(0, channels, over[1]):
            x, y = plan.corner(n, c)
            end_x, end_y = plan.corner(n + over[0] - 1, c + over[1] - 1)
            across, down = end_x - x + wide + 2 * PAD, end_y - y + tall + 2 * PAD
            path += [svg.MoveTo(x - PAD, y - PAD), svg.HorizontalLineToRel(across)]
            path += [svg.VerticalLineToRel(down), svg.HorizontalLineToRel(-across), svg.ClosePath()]
    return [svg.Path(d=path, stroke=INK, stroke_width=1.6, fill="none")]


def _counts(now: Sets) -> list[svg.Element]:
    mate = f"yes: x̂ by up to {number(now.mate, 2)}" if now.mate else "no"
    cells = (
        ("numbers in a set", str(now.size)),
        ("sets", str(now.count)),
        ("gamma and beta", f"{now.learned} numbers"),
        ("does a batch-mate matter?", mate),
    )
    parts: list[svg.Element] = []
    for x, (what, value) in zip((12, 160, 240, 402), cells, strict=True):
        parts.append(words(x, COUNTS - 18, what, colour=QUIET))
        parts.append(words(x, COUNTS + 4, value, size=HEAD, bold=True))
    x = 640
    parts += [box(x, COUNTS - 30, 13, 13, fill=CHANGED, edge=INK, thick=2)]
    parts += [words(x + 22, COUNTS - 18, "marked; its set is hatched")]
    parts += [box(x, COUNTS - 8, 13, 13, edge=INK, thick=1.6)]
    return [*parts, words(x + 22, COUNTS + 4, "one set")]


def _charts(
    now: Sets, reported: WuHe, images: int, guess: tuple[str, tuple[int, ...]] | None
) -> list[svg.Element]:
    head = f"Validation error in % of a ResNet-50, {REPORTED} (Wu & He, 2018)"
    left = Panel(52, TABLES, 400, TALL, reported.images_per_gpu)
    right = Panel(510, TABLES, 358, TALL, reported.groups[::-1])  # as the dial turns
    at = reported.images_per_gpu.index(images)
    told = f"at {images}: BN {reported.batch_norm[at]:.1f}, GN {reported.group_norm[at]:.1f}"
    parts: list[svg.Element] = [
        line(12, COUNTS + 20, WIDTH - 12, COUNTS + 20, FAINT),
        words(12, COUNTS + 44, head, bold=True),
        words(left.left, TABLES - 26, told),
        *cursor(left, images),
        *left.axes("images per GPU"),
        *sizes(left, reported),
    ]
    if guess:
        parts.append(words(left.left + 196, TABLES - 26, guess[0]))
        ends = [left.across(size) for size in guess[1]]
        if ends:
            parts.append(line(ends[0] - 6, TABLES - 8, ends[-1] + 6, TABLES - 8, GUESS, 3, [7, 4]))
    ends_in = {"GN": now.groups, "LN": 1}.get(now.kind)
    if ends_in:
        error = reported.by_groups[reported.groups.index(ends_in)]
        parts.append(words(right.left, TABLES - 26, f"at G = {ends_in}: {error:.1f}"))
        parts += cursor(right, ends_in)
    parts += [*right.axes("groups in every layer, 32 images per GPU")]
    layer = reported.by_groups[-1]
    parts += [*right.curve("GN", reported.by_groups[::-1]), right.point("LN", 1, layer)]
    x, y = right.across(1) - 14, right.up(layer) - 14
    return [*parts, words(x, y, f"{layer:.1f}: LN", bold=True, colour=LOOKS["LN"][3])]
