"""How the map of norms did: signs for comparisons, their tally, and a list of what is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import svg

from bncourse.experiments.decision_verdicts import VERDICTS, tally
from bncourse.figures.drawing import line, words
from bncourse.figures.style import FAINT, HEAD, INK, PAPER, QUIET

if TYPE_CHECKING:
    from bncourse.experiments.decision_verdicts import Case, Comparison

SIGN, SIGNS = 17, 10  # px from one sign to the next, and how many stand in a row
HEADING = "Does it agree with the course's own records?"
CHECKED = "A check of consistency, no test: the map was drawn with these records in view."
LOST = "Where it loses (test error in %, ± the standard error of the difference over seeds):"


def signs(x: float, y: float, counts: dict[str, int]) -> list[svg.Element]:
    """Draw a sign for every comparison, those won first, in rows around the height y."""
    every = [verdict for verdict in VERDICTS for _ in range(counts[verdict])]
    down = y - SIGN * ((len(every) - 1) // SIGNS) / 2
    places: dict[str, list[tuple[float, float]]] = {verdict: [] for verdict in VERDICTS}
    for k, verdict in enumerate(every):
        places[verdict].append((x + 8 + SIGN * (k % SIGNS), down + SIGN * (k // SIGNS)))
    return [sign for verdict in VERDICTS for sign in _sign(verdict, places[verdict])]


def _sign(verdict: str, places: Sequence[tuple[float, float]]) -> list[svg.Element]:
    """Return the sign of a verdict at every place as paths, or nothing without places."""
    if not places:
        return []
    if verdict == "loses":
        a, b = 4.5, 9
        crosses = "".join(
            f"M{x - a:g} {y - a:g}l{b} {b}M{x - a:g} {y + a:g}l{b} -{b}" for x, y in places
        )
        return [svg.Path(d=crosses, stroke=INK, stroke_width=2)]
    # A dot is a line without length and with round ends.
    dots = "".join(f"M{x:g} {y:g}h.1" for x, y in places)
    looks = {INK: 12.5} if verdict == "wins" else {INK: 12.5, PAPER: 9.5}
    return [
        svg.Path(d=dots, stroke=colour, stroke_width=wide, stroke_linecap="round")
        for colour, wide in looks.items()
    ]


def draw_check(parts: list[svg.Element], cases: Sequence[Case], y: float, width: float) -> float:
    """Write the key of the signs, the tally, and every comparison lost; return where it ends."""
    parts.append(line(12, y, width - 12, y, FAINT))
    y += 26
    parts.append(words(12, y, HEADING, size=HEAD, bold=True))
    parts.append(words(12, y + 22, CHECKED, colour=QUIET))
    y += 50
    told = ("advice wins", "no difference", "advice loses")
    columns = range(300, 900, 150)
    for x, verdict, text in zip(columns, VERDICTS, told, strict=False):
        parts += _sign(verdict, [(x, y - 5)])
        parts.append(words(x + 12, y, text))
    for kind, row in tally(cases).by_rival.items():
        if sum(row.values()):
            y += 20
            name = kind if kind == "by algebra" else f"against {kind}"
            parts.append(words(12, y, name, bold=True))
            parts += [
                words(x + 12, y, str(row[verdict]))
                for x, verdict in zip(columns, VERDICTS, strict=False)
            ]
    y += 30
    parts.append(words(12, y, LOST, bold=True))
    for case, lost in lost_comparisons(cases):
        y += 20
        parts.append(words(12, y, f"{case.name}, {lost.where}: {as_told(lost)}"))
    return y + 16


def lost_comparisons(cases: Sequence[Case]) -> list[tuple[Case, Comparison]]:
    """Return every comparison in which the advice loses, with its case."""
    return [
        (case, comparison)
        for case in cases
        for comparison in case.comparisons
        if comparison.verdict == "loses"
    ]


def as_told(found: Comparison) -> str:
    """Write both errors and the standard error of their difference."""
    return (
        f"{found.ours} {found.with_ours.mean():.1f}, {found.theirs} {found.with_theirs.mean():.1f} "
        f"(± {found.standard_error:.1f})"
    )
