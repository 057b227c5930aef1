"""A page that a learner keeps: what they reached on their own, in a file that prints."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

from bncourse import __version__
from bncourse.grading import progress as log
from bncourse.grading.notice import Notice
from bncourse.grading.objectives import INDEPENDENT, ORDER, WITH_HELP, Objective, objectives
from bncourse.grading.report.markup import Html, el, page
from bncourse.grading.report.style import BASE
from bncourse.mastery.abilities import Ability, abilities
from bncourse.mastery.gain import TOPICS, Gain, gains, told
from bncourse.registry import LESSONS, tasks

STYLE = (
    BASE
    + """
body{max-width:46rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}
caption{text-align:left;font-weight:700;padding:.2rem 0}
th,td{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #ccc}
th:first-child{width:62%}
td:nth-child(2){white-space:nowrap}
tr{break-inside:avoid}
@media print{h2{margin-top:1rem}h3{margin:.6rem 0 .1rem}table{margin:.2rem 0 .4rem}
td,th{padding:.05rem .8rem .05rem 0}}
.own{font-weight:700}
.own::before{content:"✓ "}
"""
)
WHAT = (
    "Made on the learner's own computer from their progress file. It tells what the exercises' "
    "checks saw; nobody has marked it. “Independent” means solved before the last hint was seen. "
    "For a mark, hand in the notebooks: bncourse grade runs them again, with new numbers, where "
    "nothing can be looked up."
)


def certificate(folder: str = ".") -> Notice:
    """Write your page into a folder, and say where it is and what is on it.

    Raises FileNotFoundError if there is no such folder.
    """
    typed = sys._getframe(1).f_globals.get("learner")
    name = log.use_learner(typed)
    place = Path(folder)
    if not place.is_dir():
        raise FileNotFoundError(f"there is no folder {folder!r}: make it first, or leave it out")
    reached = {stem: objectives(tasks(stem)) for stem in LESSONS}
    able, found = abilities(), gains()
    target = place / f"batch-norm-{log.path(name).stem.removeprefix('progress-')}.html"
    target.write_text(_page(str(typed or name), reached, able, found), encoding="utf-8")
    counts = Counter(o.state for own in reached.values() for o in own)
    return Notice(
        f"{name}: your page is {target}",
        (
            f"{counts[INDEPENDENT]} of {sum(counts.values())} objectives reached independently, "
            f"{counts[WITH_HELP]} with help.",
            f"{sum(a.state == INDEPENDENT for a in able)} of {len(able)} abilities proved twice.",
            f"{told(found)}.",
            "Open it in a browser; it is made to be printed.",
        ),
    )


def _page(
    name: str, reached: dict[str, list[Objective]], able: list[Ability], found: list[Gain]
) -> str:
    when = datetime.now().astimezone().strftime("%d %B %Y").lstrip("0")
    return page(
        f"Batch normalisation: what {name} can do",
        STYLE,
        el("header", el("h1", "Batch normalisation: what ", el("bdi", name), " can do")),
        el("p", f"{when}, course version {__version__}", class_="quiet"),
        el("p", WHAT),
        el("h2", "Abilities, each proved twice: where it is new, and where it is needed again"),
        _table(("ability", "state", "exercises"), [(a.text, a.state, a.tasks) for a in able]),
        el("h2", "Eight questions before and after the course"),
        el("p", f"{told(found)}."),
        el("ul", [el("li", f"{TOPICS[g.question][0]}: {g.told}{_belief(g)}") for g in found]),
        el("h2", "Objectives by lesson"),
        [_lesson(stem, own) for stem, own in reached.items() if own],
    )


def _belief(one: Gain) -> str:
    return f" (now: {one.belief_after})" if one.belief_after else ""


def _lesson(stem: str, own: list[Objective]) -> Html:
    title = f"{LESSONS[stem]} {stem.replace('_', ' ')}"
    independent = sum(o.state == INDEPENDENT for o in own)
    rows = [(o.text, o.state, o.tasks) for o in sorted(own, key=lambda o: -ORDER.index(o.state))]
    return el(
        "section",
        el("h3", f"{title}: {independent} of {len(own)} independently"),
        _table(("objective", "state", "exercises"), rows),
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, str, tuple[str, ...]]]) -> Html:
    return el(
        "table",
        el("thead", el("tr", [el("th", h, scope="col") for h in head])),
        el(
            "tbody",
            [
                el(
                    "tr",
                    el("td", text),
                    el("td", state, class_="own" if state == INDEPENDENT else None),
                    el("td", ", ".join(ids)),
                )
                for text, state, ids in rows
            ],
        ),
    )
