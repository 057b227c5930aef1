"""The class page's pictures as SVG. They are as wide as the page, and their text stays as large.

Lengths along the page are per cent of its width, so nothing is scaled on a phone. What a colour
says, a pattern, a sign or a label says too.
"""

from __future__ import annotations

from collections.abc import Sequence

from bncourse.grading.report.markup import Html, el
from bncourse.grading.report.summary import KINDS, Bin, Found, Kind, TaskSummary
from bncourse.grading.report.text import counted, one_line, percent

INK, BAR = "#1a1a1a", "#0072b2"
SMALLEST_LABELLED = 11.0  # per cent of the width, below which a count finds no room
BARS_LIMIT = 12
# Ground and strokes of each kind's pattern; all bear dark text.
_FILLS = {
    "correct": ("#8fcfba", ""),
    "recorded": ("#dce8f2", ""),
    "right so far": ("#c3def2", "M0 4H8"),
    "mistake named": ("#f6c8a0", "M-2 2L2 -2M0 8L8 0M6 10L10 6"),
    "not recognised": ("#d9d9d9", "M3 4H5"),
    "no answer came": ("#e6d0ea", "M0 0L8 8M0 8L8 0"),
    "not started": ("#ffffff", ""),
}


def patterns() -> Html:
    """Return the patterns that the other pictures fill with; it stands once in a page."""
    made = []
    for kind in KINDS:
        ground, strokes = _FILLS[kind.word]
        lines = el("path", d=strokes, stroke="#6b6b6b", stroke_width=1, fill="none")
        made.append(
            el(
                "pattern",
                el("rect", width=8, height=8, fill=ground),
                lines if strokes else None,
                id=_pattern_id(kind),
                width=8,
                height=8,
                patternUnits="userSpaceOnUse",
            )
        )
    hidden = "position:absolute;width:0;height:0"
    return el("svg", el("defs", made), width=0, height=0, aria_hidden="true", style=hidden)


def swatch(kind: Kind) -> Html:
    """Return a small box with the kind's pattern, for a key."""
    box = el("rect", x=1, y=1, width=30, height=14, **_look(kind))
    return el("svg", box, width=32, height=16, aria_hidden="true")


def histogram(bins: Sequence[Bin], label: str) -> Html:
    """Return a bar for each range of scores, with its count above and its label below."""
    base, height = 152, 130
    highest = max(b.count for b in bins) or 1
    step = 100 / len(bins)
    parts = []
    for place, b in enumerate(bins):
        left, middle = step * (place + 0.08), step * (place + 0.5)
        tall = round(height * b.count / highest, 1)
        if b.count:
            parts.append(_bar(left, base - tall, 0.84 * step, tall))
        parts.append(_text(middle, base - tall - 5, str(b.count), anchor="middle", bold=True))
        parts.append(_text(middle, base + 18, b.label, anchor="middle"))
    parts.append(el("line", x1=0, x2="100%", y1=base, y2=base, stroke=INK))
    return _picture(base + 26, parts, label)


def task_bars(tasks: Sequence[TaskSummary]) -> Html:
    """Return a bar for each task, divided by the kinds of finding."""
    parts: list[Html] = []
    said = []
    row = 52
    for place, task in enumerate(tasks):
        y = row * place
        parts.append(_text(0, y + 15, percent(task.correct, task.total), bold=True))
        parts.append(_text(0, y + 15, f"{task.task} {task.title}", dx=50))
        parts += _segments(task, y + 21)
        counts = ", ".join(f"{n} {kind.word}" for kind, n in task.counts.items() if n)
        said.append(f"{task.task}: {counts}")
    return _picture(row * len(tasks), parts, f"How each task went. {'; '.join(said)}.")


def _segments(task: TaskSummary, y: float) -> list[Html]:
    parts = []
    start = 0.0
    for kind, count in task.counts.items():
        if not count:
            continue
        width = 100 * count / task.total
        place = {"x": _share(start), "y": y, "width": _share(width), "height": 22}
        parts.append(el("rect", **place, **_look(kind)))
        if width >= SMALLEST_LABELLED:
            says = f"{kind.sign} {count}"
            parts.append(_text(start + width / 2, y + 16, says, anchor="middle", halo=True))
        start += width
    return parts


def misconception_bars(found: Sequence[Found]) -> Html:
    """Return a bar for each misconception, as long as the number of learners who have it."""
    shown = found[:BARS_LIMIT]
    most = len(shown[0].who)
    parts = []
    row = 42
    for place, f in enumerate(shown):
        y, width = row * place, 88 * len(f.who) / most
        parts.append(_text(0, y + 14, f"{f.task} {f.key}"))
        parts.append(_bar(0, y + 19, width, 15))
        parts.append(_text(width, y + 32, str(len(f.who)), dx=6, bold=True))
    said = "; ".join(f"{f.task} {f.key}: {counted(len(f.who), 'learner')}" for f in shown)
    return _picture(row * len(shown), parts, f"Misconceptions, the most frequent first. {said}.")


def _picture(height: float, parts: Sequence[Html], label: str) -> Html:
    look = {"role": "img", "aria_label": label, "font_size": 15, "fill": INK}
    return el("svg", parts, width="100%", height=height, **look)


def _bar(x: float, y: float, width: float, height: float) -> Html:
    place = {"x": _share(x), "y": round(y, 1), "width": _share(width), "height": height}
    return el("rect", **place, fill=BAR)


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str | None = None,
    bold: bool = False,
    halo: bool = False,
    dx: float | None = None,
) -> Html:
    return el(
        "text",
        one_line(text, 70),
        x=_share(x),
        y=round(y, 1),
        dx=dx,
        text_anchor=anchor,
        font_weight="bold" if bold else None,
        stroke="#fff" if halo else None,
        stroke_width=3 if halo else None,
        paint_order="stroke" if halo else None,
    )


def _share(value: float) -> str:
    return f"{round(value, 2):g}%"


def _pattern_id(kind: Kind) -> str:
    return f"fill-{kind.word.replace(' ', '-')}"


def _look(kind: Kind) -> dict[str, str | None]:
    return {
        "fill": f"url(#{_pattern_id(kind)})",
        "stroke": INK,
        "stroke_width": "0.8",
        "stroke_dasharray": "3 2" if kind.word == "not started" else None,
    }
