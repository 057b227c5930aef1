"""How a verdict looks: a small panel in the notebook, and the same as plain text."""

from __future__ import annotations

import textwrap
from html import escape

from bncourse.grading.verdict import Status, Verdict

HEADLINE = {
    Status.CORRECT: "correct",
    Status.NAMED: "not yet — this looks familiar",
    Status.UNRECOGNISED: "not yet — I do not recognise this mistake",
    Status.ERROR: "not yet — no answer came back",
    Status.UNREADABLE: "not yet — I cannot read this answer",
    Status.NOT_STARTED: "not started",
    Status.UNFINISHED: "right so far — some of it is still empty",
    Status.RECORDED: "recorded",
}
# A sign beside the colour, so that nothing is told by colour alone.
SIGN = {
    Status.CORRECT: ("✓", "#00664b"),
    Status.NAMED: ("◆", "#a34700"),
    Status.UNRECOGNISED: ("?", "#5b5b5b"),
    Status.ERROR: ("!", "#a34700"),
    Status.UNREADABLE: ("!", "#a34700"),
    Status.NOT_STARTED: ("○", "#5b5b5b"),
    Status.UNFINISHED: ("◐", "#00568a"),
    Status.RECORDED: ("●", "#00568a"),
}
LABELS = {"seen": "What I saw", "looks": "Looks like", "asks": "Ask yourself"}


def rows(verdict: Verdict) -> list[tuple[str, tuple[str, ...]]]:
    """Return the panel's rows: a heading and its lines."""
    out: list[tuple[str, tuple[str, ...]]] = []
    if verdict.status is not Status.CORRECT and verdict.failed:
        if verdict.passed:
            out.append(("Passed", ("; ".join(verdict.passed),)))
        # With nothing right, a list of everything would say no more than its length.
        many = not verdict.passed and len(verdict.failed) > 4
        out.append(
            (
                "Not yet",
                (f"all {len(verdict.failed)} tried" if many else "; ".join(verdict.failed),),
            )
        )
    elif verdict.passed:
        out.append(("Passed", ("; ".join(verdict.passed),)))
    out.append((LABELS["seen"], verdict.seen))
    out.append((LABELS["looks"], _numbered(verdict.looks_like)))
    out.append((LABELS["asks"], _numbered(verdict.asks)))
    if verdict.printed.strip():
        out.append(("You printed", tuple(verdict.printed.strip().splitlines()[:6])))
    out.append(("Note", verdict.notes))
    return [(heading, lines) for heading, lines in out if lines]


def _numbered(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Number several lines, so that each question can be matched with its mistake."""
    return tuple(f"{k}. {t}" for k, t in enumerate(lines, 1)) if len(lines) > 1 else lines


def as_text(verdict: Verdict) -> str:
    """Write the verdict as plain text, at most 96 columns wide."""
    sign, _ = SIGN[verdict.status]
    out = [f"{sign} {verdict.task} {verdict.title}: {HEADLINE[verdict.status]}"]
    for heading, lines in rows(verdict):
        for k, line in enumerate(lines):
            lead = f"  {heading if k == 0 else '':<13}"
            out += textwrap.wrap(
                line, 96, initial_indent=lead, subsequent_indent=" " * 15, break_long_words=False
            )
    return "\n".join(out)


def as_html(verdict: Verdict) -> str:
    """Write the verdict as a panel; everything that a learner wrote is escaped."""
    sign, colour = SIGN[verdict.status]
    # No table: JupyterLab gives the rows of one its own colours, which fight with the panel's.
    body = "".join(
        f'<div style="font-weight:600;white-space:nowrap">{escape(heading)}</div>'
        f"<div>{_lines(heading, lines)}</div>"
        for heading, lines in rows(verdict)
    )
    grid = (
        '<div style="display:grid;grid-template-columns:max-content 1fr;gap:5px 16px;'
        f'margin-top:6px">{body}</div>'
    )
    return (
        f'<div role="status" class="bncourse-verdict" style="border-left:5px solid {colour};'
        f"padding:6px 12px;max-width:56em;font-size:14px;line-height:1.45;"
        f'background:#fafafa;color:#1a1a1a">'
        f'<div><span aria-hidden="true" style="color:{colour};font-weight:700">{sign}</span> '
        f"<strong>{escape(verdict.task)} {escape(verdict.title)}</strong>: "
        f"{escape(HEADLINE[verdict.status])}</div>{grid if body else ''}</div>"
    )


def _lines(heading: str, lines: tuple[str, ...]) -> str:
    code = heading in (LABELS["seen"], "You printed")
    style = "font-family:var(--jp-code-font-family,monospace);white-space:pre-wrap" if code else ""
    return "".join(f'<div style="{style}">{escape(line)}</div>' for line in lines)
