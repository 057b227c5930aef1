"""The evidence ladder: one rung for each mechanism that is said to make batch norm work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import svg

from bncourse.figures.drawing import box, document, group, line, moved, words
from bncourse.figures.show import Static
from bncourse.figures.style import (
    BATCH,
    FAINT,
    HEAD,
    INK,
    PAPER,
    QUIET,
    TEXT,
    nice_range,
    number,
)

if TYPE_CHECKING:
    from bncourse.experiments.noisy_batch_norm import NoisyRun

STATUSES = ("supported here", "depends", "contradicted here", "not tested")

WIDTH = 890
MARGIN = 12
# x and width of the columns: claim and who makes it, test, result, status.
COLUMNS = ((MARGIN, 196), (226, 226), (470, 250), (738, 140))
HEADS = ("claim, and who makes it", "our test", "our result", "status here")
LINE, PAD = 20, 12  # px from baseline to baseline, and above and below the text of a rung
ARM = 28  # px from one arm of the inset to the next
# Shares of the text size, about those of Arial; the rest is like "n".
NARROW, WIDE, USUAL = 0.32, 0.84, 0.56
THIN, BROAD = " .,:;!|'’()[]ijltfrI-", "mwMW%→@—≈"


@dataclass(frozen=True)
class Rung:
    """One mechanism and what became of it.

    Attributes:
        claim: the mechanism, in a few words.
        who: who claims it, with the year.
        test: what was done to find out.
        result: what came out, with numbers; an empty test or result is drawn as a dash.
        status: one of `STATUSES`; ValueError for anything else.
    """

    claim: str
    who: str
    test: str
    result: str
    status: str

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"no status {self.status!r}; there are {', '.join(STATUSES)}")


def evidence_ladder(rows: Sequence[Rung], inset: Sequence[NoisyRun] = ()) -> Static:
    """Return the rungs as a table with a sign for each status, and some noisy arms below it.

    ``inset`` are runs of `experiments.noisy_batch_norm`: how far the distributions jump in each
    arm, and how well it does. Raises ValueError without rows, or for runs of different lengths.
    """
    if not rows:
        raise ValueError("a ladder needs at least one rung")
    if len({int(run.updates[-1]) for run in inset}) > 1:
        raise ValueError("arms of one inset must be trained for equally many updates")
    parts: list[svg.Element] = [
        words(x, 26, head, bold=True, colour=QUIET)
        for (x, _), head in zip(COLUMNS, HEADS, strict=True)
    ]
    y = 36.0
    for row in rows:
        parts.append(line(MARGIN, y, WIDTH - MARGIN, y, FAINT))
        drawn, tall = _rung(row)
        parts.append(moved(drawn, 0, y))
        y += tall
    parts.append(line(MARGIN, y, WIDTH - MARGIN, y, INK, 1.5))
    if inset:
        drawn, tall = _inset(inset)
        parts.append(moved(drawn, 0, y))
        y += tall
    told = "; ".join(
        f"{r.claim} ({r.who}): {r.test or '–'}: {r.result or '–'}: {r.status}" for r in rows
    )
    caption = f"Claimed mechanisms of batch norm, tested. {told}."
    if inset:
        caption += f" {_told(inset)}"
    name = f"Evidence ladder: {len(rows)} mechanisms that are said to make batch norm work"
    return Static(document(WIDTH, y + 6, parts, name, caption), caption)


def text_width(text: str, size: float = TEXT, bold: bool = False) -> float:
    """Return about how wide a line of text is, in px; rather too much than too little."""
    shares = [
        NARROW if c in THIN else WIDE if c in BROAD else USUAL + 0.12 * c.isupper() for c in text
    ]
    return size * sum(shares) * (1.08 if bold else 1)


def wrap(text: str, width: float, bold: bool = False) -> list[str]:
    """Break text into lines of at most ``width`` px, at spaces; a longer word stands alone."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _rung(row: Rung) -> tuple[list[svg.Element], float]:
    """Return a rung drawn below y = 0, and its height."""
    widths = [width for _, width in COLUMNS]
    claim = [(text, INK, True) for text in wrap(row.claim, widths[0], bold=True)]
    claim += [(text, QUIET, False) for text in wrap(row.who, widths[0])]
    plain = [
        [(text, INK, False) for text in wrap(cell or "–", width)]
        for cell, width in zip((row.test, row.result), widths[1:3], strict=True)
    ]
    status = [(text, INK, True) for text in wrap(row.status, widths[3] - 34, bold=True)]
    cells = [claim, *plain, status]
    tall = LINE * max(map(len, cells)) + 2 * PAD - 4
    parts: list[svg.Element] = []
    for k, ((x, _), lines) in enumerate(zip(COLUMNS, cells, strict=True)):
        indent = 34 if k == 3 else 0
        for i, (text, colour, bold) in enumerate(lines):
            baseline = PAD + TEXT - 2 + LINE * i
            parts.append(words(x + indent, baseline, text, colour=colour, bold=bold))
    parts.append(moved(_sign(row.status), COLUMNS[3][0] + 12, PAD + 8))
    return parts, tall


def _sign(status: str, radius: float = 11) -> list[svg.Element]:
    """Return a sign around (0, 0): full, half, crossed or dashed."""
    ring = svg.Circle(
        cx=0, cy=0, r=radius, stroke=INK, stroke_width=1.8,
        fill=INK if status == "supported here" else PAPER,
        stroke_dasharray=[3, 3] if status == "not tested" else None,
    )  # fmt: skip
    if status == "depends":
        half = svg.Path(
            d=[svg.MoveTo(0, -radius), svg.Arc(radius, radius, 0, False, False, 0, radius)],
            fill=INK,
        )
        return [ring, half]
    if status == "contradicted here":
        a = 0.62 * radius
        return [ring, line(-a, -a, a, a, INK, 2.4), line(-a, a, a, -a, INK, 2.4)]
    return [ring]


def _inset(runs: Sequence[NoisyRun]) -> tuple[list[svg.Element], float]:
    """Return the arms drawn below y = 0, and their height."""
    jumps, means, sds = _numbers(runs)
    last = int(runs[0].updates[-1])
    widest, left, right = float(jumps.max()), 288, 470
    low, high, _ = nice_range([(means - sds).min(), min(100.0, (means + sds).max())], 4)
    from_x, to_x = 660, 790

    def across(value: float) -> float:
        return from_x + (to_x - from_x) * (value - low) / (high - low)

    heads = (
        (MARGIN, "arm (learning rate)", None),
        (left, "jump of the means, sds per update", None),
        (588, "updates to 90 %", "middle"),
        (from_x + 30, f"accuracy after {last:,}, in %", None),
    )
    parts: list[svg.Element] = [words(MARGIN, 28, "Noisy batch norm", size=HEAD, bold=True)]
    parts += [words(x, 54, text, colour=QUIET, anchor=anchor) for x, text, anchor in heads]
    for k, (run, jump, mean, sd) in enumerate(zip(runs, jumps, means, sds, strict=True)):
        y = 80 + ARM * k
        with_bn = run.name.startswith("with BN")
        colour = BATCH if with_bn else INK
        long = (right - left) * jump / widest if widest else 0
        parts += [
            words(MARGIN, y, f"{run.name} ({number(run.rate, 5)})"),
            box(left, y - 12, max(long, 1), 14, fill=colour if with_bn else PAPER, edge=colour),
            words(left + max(long, 1) + 8, y, _two(jump)),
            words(588, y, _updates(run), anchor="middle"),
            line(from_x, y - 5, to_x, y - 5, FAINT),
            line(across(mean - sd), y - 5, across(min(mean + sd, high)), y - 5, colour, 3),
            svg.Circle(
                cx=round(across(mean), 1), cy=y - 5, r=5.5, stroke=colour, stroke_width=2,
                fill=colour if with_bn else PAPER,
            ),
            words(to_x + 14, y, f"{mean:.1f} ± {sd:.1f}"),
        ]  # fmt: skip
    y = 80 + ARM * len(runs)
    parts.append(
        group(
            [words(across(low), y, number(low)), words(across(high), y, number(high))],
            text_anchor="middle",
            fill=QUIET,
        )
    )
    return parts, y + 10


def _numbers(runs: Sequence[NoisyRun]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each arm's jump, and mean and sd of the last accuracy over the seeds, in %."""
    ends = [100 * run.accuracy[:, -1] for run in runs]
    jumps = np.array([np.nanmean(run.jump) for run in runs])
    return jumps, np.array([e.mean() for e in ends]), np.array([e.std(ddof=1) for e in ends])


def _two(value: float) -> str:
    return "under 0.01" if 0 < value < 0.005 else f"{value:.2f}"


def _updates(run: NoisyRun) -> str:
    """Write the median over the seeds; more than half that never got there are "never"."""
    median = float(np.median(run.updates_to()))
    return f"{median:.0f}" if np.isfinite(median) else "never"


def _told(runs: Sequence[NoisyRun]) -> str:
    each = "; ".join(
        f"{run.name} at rate {number(run.rate, 5)}: jump {_two(jump)} sds, "
        f"{_updates(run)} updates to 90 %, accuracy {mean:.1f} ± {sd:.1f} %"
        for run, jump, mean, sd in zip(runs, *_numbers(runs), strict=True)
    )
    count, last = len(runs[0].accuracy), int(runs[0].updates[-1])
    return (
        f"Noisy batch norm after {last:,} updates, {count} seeds (medians of the updates; "
        f"± is the sd over seeds): {each}."
    )
