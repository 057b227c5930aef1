"""The map of norms: questions on the left, what they come to on the right, and how that did.

The signs are no test of the map: it was drawn with the course's records in view. They tell where it
agrees with those and where it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import svg

from bncourse.experiments.decision import LEAVES, QUESTIONS
from bncourse.experiments.decision_verdicts import VERDICTS, tally
from bncourse.figures.decision_signs import as_told, draw_check, lost_comparisons, signs
from bncourse.figures.drawing import arrow, box, document, words
from bncourse.figures.evidence_ladder import wrap
from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, INK, QUIET

if TYPE_CHECKING:
    from bncourse.experiments.decision_verdicts import Case

WIDTH = 884
LEFT, MIDDLE, RIGHT = (12, 386), (446, 198), (684, 188)  # x and width of the columns
LINE, PAD, GAP = 18, 9, 20  # px between baselines, inside a box, between rows
TINT = "#EDF3F7"
# The rows of the left column: question, the answer that leads to the right, and to which leaf.
SPINE = (
    ("sequence", "yes", "LN"),
    ("style", "yes", "IN"),
    ("alone", "yes", "GN"),
    ("random", "no", "GN"),
    ("many", "yes", "BN"),
    ("devices", "yes", "SyncBN"),
)
# The words of the picture are text, and need no telling.
TOLD = "Questions in boxes, yes and no on arrows, norms in rounded boxes, signs for comparisons."
ORDER = (
    "Why in this order?",
    "First what is there already,",
    "then what the data ask for,",
    "then what forbids batch-mates,",
    "and last how many samples there are:",
    "that matters only if there may be mates.",
)


def decision_map(cases: Sequence[Case]) -> Static:
    """Return the map, a sign for every comparison of the cases, and where its advice loses.

    ``cases`` are those of `experiments.decision_cases.check_cases`.
    """
    counts = tally(cases).by_leaf
    parts: list[svg.Element] = []
    y = _trained(parts, counts)
    for key, answer, leaf in SPINE:
        tall = _question(parts, key, LEFT, y)
        middle, onward = y + tall / 2, "no" if answer == "yes" else "yes"
        # Group norm is reached by two neighbouring rows: its signs are shown once, at the end.
        name = "GN, below" if leaf == "GN" else leaf
        row = max(tall, _leaf(parts, name, MIDDLE, y, tall))
        parts += _down(LEFT[0] + 40, y + tall, y + row + GAP, onward)
        parts += _across(LEFT[0] + LEFT[1], MIDDLE[0], middle, answer)
        if leaf != "GN":
            parts += signs(RIGHT[0], middle, counts[leaf])
        if leaf == "IN":
            parts.append(words(RIGHT[0] + 42, middle + 5, "by algebra", colour=QUIET))
        y += row + GAP
    tall = _leaf(parts, "GN", LEFT, y, 0)
    parts += signs(MIDDLE[0], y + tall / 2, counts["GN"])
    y += tall + 16
    y = draw_check(parts, cases, y, WIDTH)
    name = "Which norm: a map of questions, held against the course's records"
    caption = _caption(cases)
    return Static(document(WIDTH, y, parts, name, TOLD), caption)


def _trained(parts: list[svg.Element], counts: dict[str, dict[str, int]]) -> float:
    """Draw the branch for trained nets and the way past it; return where the rest begins."""
    top = 14.0
    first = _question(parts, "trained", LEFT, top)
    changed = _question(parts, "changed", MIDDLE, top)
    parts += _across(LEFT[0] + LEFT[1], MIDDLE[0], top + first / 2, "yes")
    below = top + changed + GAP
    tuned = _question(parts, "tuned", MIDDLE, below)
    parts += _down(MIDDLE[0] + 40, top + changed, below, "no")
    ends = ((top, "recompute"), (below, "frozen"))
    for y, leaf in ends:
        parts += _across(MIDDLE[0] + MIDDLE[1], RIGHT[0], y + 26, "yes")
        under = y + _leaf(parts, leaf, RIGHT, y, 0)
        if sum(counts[leaf].values()):
            parts += signs(RIGHT[0], under + 16, counts[leaf])
        else:
            parts.append(words(RIGHT[0] + 2, under + 20, "nothing measured here", colour=QUIET))
    last = below + tuned + GAP
    tall = _leaf(parts, "keep", MIDDLE, last, 0)
    parts += signs(RIGHT[0], last + tall / 2, counts["keep"])
    parts += _down(MIDDLE[0] + 40, below + tuned, last, "no")
    start = last + tall + GAP
    parts += _down(LEFT[0] + 40, top + first, start, "no")
    for k, text in enumerate(ORDER):
        parts.append(words(LEFT[0] + 66, top + first + 60 + LINE * k, text, bold=not k))
    return start


def _question(parts: list[svg.Element], key: str, column: tuple[float, float], y: float) -> float:
    """Draw a question and why it is asked; return its height."""
    question = QUESTIONS[key]
    x, width = column
    asks = wrap(question.asks, width - 2 * PAD, bold=True)
    why = wrap(question.why, width - 2 * PAD)
    tall = LINE * (len(asks) + len(why)) + 2 * PAD
    parts.append(box(x, y, width, tall, edge=INK, thick=1.4))
    for k, text in enumerate([*asks, *why]):
        bold = k < len(asks)
        base = y + PAD + 13 + LINE * k
        parts.append(words(x + PAD, base, text, bold=bold, colour=None if bold else QUIET))
    return tall


def _leaf(
    parts: list[svg.Element], key: str, column: tuple[float, float], y: float, row: float
) -> float:
    """Draw a leaf, in the middle of a row of that height; return its own height."""
    x, width = column
    if key == "GN, below":
        lines, do = ["group norm, see below"], []
    else:
        lines = [LEAVES[key].name]
        do = wrap(LEAVES[key].do, width - 2 * PAD) if key in ("GN", "SyncBN") else []
        do += wrap(LEAVES[key].limit, width - 2 * PAD) if LEAVES[key].limit else []
    tall = LINE * (len(lines) + len(do)) + 2 * PAD
    top = y + max(row - tall, 0) / 2
    parts.append(box(x, top, width, tall, fill=TINT, edge=BATCH, thick=2, round_by=9))
    for k, text in enumerate([*lines, *do]):
        parts.append(words(x + PAD, top + PAD + 13 + LINE * k, text, bold=k < len(lines)))
    return tall


def _across(start: float, end: float, y: float, told: str) -> list[svg.Element]:
    text = words((start + end) / 2 - 4, y - 6, told, anchor="middle", bold=True)
    return [arrow(start, y, end - 2, y), text]


def _down(x: float, start: float, end: float, told: str) -> list[svg.Element]:
    return [arrow(x, start, x, end - 2), words(x + 9, end - 5, told, bold=True)]


def _caption(cases: Sequence[Case]) -> str:
    counts = tally(cases)
    steps = "; ".join(
        f"{question.asks} yes: {_where(question.yes)}, no: {_where(question.no)}"
        for question in QUESTIONS.values()
    )
    each = "; ".join(
        f"{LEAVES[leaf].name} {_verdicts(row)}"
        for leaf, row in counts.by_leaf.items()
        if sum(row.values())
    )
    rivals = "; ".join(
        f"{kind if kind == 'by algebra' else f'against {kind}'} {_verdicts(row)}"
        for kind, row in counts.by_rival.items()
        if sum(row.values())
    )
    limits = " ".join(f"{leaf.name}: {leaf.limit}" for leaf in LEAVES.values() if leaf.limit)
    lost = "; ".join(
        f"{case.name}, {found.where}: {as_told(found)}" for case, found in lost_comparisons(cases)
    )
    return (
        f"A map of norms. {steps}. {limits} Held against {sum(counts.total.values())} comparisons "
        "of the course's own records, which is a check of consistency and no test, as the map was "
        "drawn with them in view. Each verdict is from the 95 % interval of the paired differences "
        f"over seeds; of twenty without any difference one may seem to differ. By rival: {rivals}. "
        f"By advice: {each}. Errors in percent where the advice loses, ± the standard error of the "
        f"difference: {lost}."
    )


def _verdicts(row: dict[str, int]) -> str:
    return ", ".join(f"{row[verdict]} {verdict}" for verdict in VERDICTS)


def _where(key: str) -> str:
    return LEAVES[key].name if key in LEAVES else "on"
