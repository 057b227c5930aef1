"""Errors that a paper reports for batch norm and group norm, as charts: nothing measured here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import svg

from bncourse.figures.drawing import document, group, line, marker, strokes, words
from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, FAINT, FEATURE, HEAD, INK, PAPER, QUIET
from bncourse.figures.tensor_drawing import SPACE, SPACE_TEXT

if TYPE_CHECKING:
    from bncourse.results.published import WuHe

# Line and shape, dashes, and the colour of the name; a norm has the same in every panel.
LOOKS: dict[str, tuple[str, str, list[float] | None, str]] = {
    "BN": (BATCH, "circle", None, BATCH),
    "GN": (INK, "diamond", [9, 4, 2, 4], INK),
    "LN": (FEATURE, "square", None, FEATURE),
    "IN": (SPACE, "triangle", None, SPACE_TEXT),
}
LOW, HIGH, STEP = 22, 36, 4  # percent, holds all that the paper reports
REPORTED = "reported by the paper, not measured here"
WIDTH, HEIGHT = 884, 384
TOP, TALL = 86, 232
ERRORS = "validation error, %"


@dataclass(frozen=True)
class Panel:
    """Axes of a chart: errors from LOW to HIGH over counts, in their order, by powers of two."""

    left: float
    top: float
    wide: float
    tall: float
    counts: tuple[int, ...]

    def across(self, count: float) -> float:
        """Return x of a count, on a logarithmic axis."""
        first, last = math.log(self.counts[0]), math.log(self.counts[-1])
        return self.left + 22 + (self.wide - 44) * (math.log(count) - first) / (last - first)

    def up(self, error: float) -> float:
        """Return y of an error in percent."""
        return self.top + self.tall * (HIGH - error) / (HIGH - LOW)

    def axes(self, label: str, scale: bool = True) -> list[svg.Element]:
        """Draw both axes with their numbers; the errors' numbers only with ``scale``."""
        bottom, right = self.top + self.tall, self.left + self.wide
        ticks = range(LOW, HIGH + 1, STEP)
        grid = [(self.left, self.up(tick), right, self.up(tick)) for tick in ticks[1:]]
        marks = [(self.across(count), bottom, self.across(count), bottom + 5)
                 for count in self.counts]  # fmt: skip
        frame = [(self.left, self.top, self.left, bottom), (self.left, bottom, right, bottom)]
        counts = [words(self.across(count), bottom + 20, str(count)) for count in self.counts]
        middle = self.left + self.wide / 2
        errors = [words(self.left - 7, self.up(tick) + 5, str(tick)) for tick in ticks]
        return [
            strokes(grid, "#E4E4E4"),
            strokes([*frame, *marks], QUIET, 1.2),
            group([*counts, words(middle, bottom + 42, label)], text_anchor="middle"),
            *([group(errors, text_anchor="end")] if scale else []),
        ]

    def curve(self, norm: str, errors: Sequence[float]) -> list[svg.Element]:
        """Draw errors at all counts as a line with markers."""
        colour, shape, dash, _ = LOOKS[norm]
        places = [(self.across(n), self.up(e)) for n, e in zip(self.counts, errors, strict=True)]
        points = [round(coordinate, 1) for place in places for coordinate in place]
        path = svg.Polyline(
            points=points, stroke=colour, stroke_width=2.2, stroke_dasharray=dash, fill="none"
        )
        if shape == "diamond":  # one path for all of them: a third of the text
            corners = [part for place in places for part in _diamond(*place)]
            marks = svg.Path(d=corners, fill=colour, stroke=PAPER, stroke_width=1.5)
            return [path, marks]
        return [path, *(marker(shape, *place, 5, colour) for place in places)]

    def point(self, norm: str, count: int, error: float) -> svg.Element:
        """Draw one error with the marker of a norm."""
        colour, shape, _, _ = LOOKS[norm]
        return marker(shape, self.across(count), self.up(error), 7, colour, INK)


def published_tables(record: WuHe) -> Static:
    """Return three panels on one axis of errors, the paper's Tables 2 and 3.

    The first has batch norm and group norm over images per GPU, and layer norm and instance norm at
    32; the others the error over groups, which ends in layer norm, and over channels per group,
    which ends in instance norm.
    """
    panels = (
        Panel(52, TOP, 316, TALL, record.images_per_gpu),
        Panel(406, TOP, 222, TALL, record.groups),
        Panel(654, TOP, 222, TALL, record.channels_per_group),
    )
    names = ("Table 2: batch size", "Table 3: groups", "Table 3: channels")
    labels = ("images per GPU", "groups in every layer", "channels in every group")
    head = f"ResNet-50 on ImageNet, Wu & He (2018): {REPORTED}"
    parts: list[svg.Element] = [words(12, 24, head, size=HEAD, bold=True)]
    for k, (panel, name, label) in enumerate(zip(panels, names, labels, strict=True)):
        parts.append(words(panel.left, TOP - 30, name, bold=True))
        parts += panel.axes(label, scale=k < 2)
    parts.append(words(12, TOP - 10, ERRORS))
    parts += sizes(panels[0], record)
    for panel, errors, norm in (
        (panels[1], record.by_groups, "LN"),
        (panels[2], record.by_channels, "IN"),
    ):
        parts += [*panel.curve("GN", errors), panel.point(norm, 1, errors[-1])]
        told = f"{errors[-1]:.1f}: {norm}"
        x, y = panel.across(1) + 14, panel.up(errors[-1]) - 14
        parts.append(words(x, y, told, anchor="end", bold=True, colour=LOOKS[norm][3]))
        x, y = panel.across(panel.counts[0]), panel.up(max(errors[:2])) - 14
        parts.append(words(x - 6, y, "GN", bold=True, colour=LOOKS["GN"][3]))
    caption = _caption(record)
    name = "Validation error over batch size and over groups, as a paper reports it"
    return Static(document(WIDTH, HEIGHT, parts, name, caption), caption)


def sizes(panel: Panel, record: WuHe) -> list[svg.Element]:
    """Draw Table 2: both lines, their ends named, and two norms at 32 images."""
    parts = [*panel.curve("BN", record.batch_norm), *panel.curve("GN", record.group_norm)]
    for norm, errors, down in (("BN", record.batch_norm, 5), ("GN", record.group_norm, -14)):
        x, y = panel.across(panel.counts[-1]), panel.up(errors[-1])
        told = f"{errors[-1]:.1f}: {norm}"
        x += -14 if norm == "BN" else 16
        parts.append(words(x, y + down, told, anchor="end", bold=True, colour=LOOKS[norm][3]))
    for norm in ("LN", "IN"):
        error = record.error_at_32(norm)
        parts.append(panel.point(norm, 32, error))
        x, y = panel.across(32) + 14, panel.up(error) + 5
        parts.append(words(x, y, f"{error:.1f}: {norm}", bold=True, colour=LOOKS[norm][3]))
    return parts


def cursor(panel: Panel, count: float, told: str = "") -> list[svg.Element]:
    """Draw a dashed upright line at a count, with a word above it."""
    x = panel.across(count)
    upright = line(x, panel.top, x, panel.top + panel.tall, FAINT, 3, [5, 4])
    return [upright, *([words(x, panel.top - 5, told, anchor="middle")] if told else [])]


def _row(errors: Sequence[float]) -> str:
    return ", ".join(f"{error:.1f}" for error in errors)


def _diamond(x: float, y: float, arm: float = 6.5) -> list[svg.PathData]:
    start = svg.MoveTo(round(x, 1), round(y - arm, 1))
    lines = [svg.LineToRel(*step) for step in ((arm, arm), (-arm, arm), (-arm, -arm))]
    return [start, *lines, svg.ClosePath()]


def _caption(record: WuHe) -> str:
    counts = ", ".join(map(str, record.groups))
    images = ", ".join(map(str, record.images_per_gpu))
    others = " and ".join(f"{norm} {record.error_at_32(norm):.1f}" for norm in ("LN", "IN"))
    return (
        f"{REPORTED[0].upper()}{REPORTED[1:]} ({record.source}). Validation error in percent of a "
        f"ResNet-50 on ImageNet, one number each and no spread. Table 2, {images} images per GPU: "
        f"BN {_row(record.batch_norm)}; GN with 32 groups {_row(record.group_norm)}; with 32 "
        f"images {others}. Table 3, {counts} groups (the last is LN): {_row(record.by_groups)}; "
        f"as many channels per group (the last is IN): {_row(record.by_channels)}."
    )
