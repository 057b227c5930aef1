"""The claims ledger as a table that can be searched, and as a few rows for a lesson."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any

from ipywidgets import HTML, Dropdown, HBox, Layout, Text, VBox

from bncourse.figures.frames import WIDEST
from bncourse.figures.gate import say
from bncourse.figures.keys import keep_keys
from bncourse.figures.style import FAINT, INK, QUIET, TEXT
from bncourse.ledger import TEXTS, TOPICS, VERDICTS, Claim, load_ledger

# A sign repeats what the word says, so that a column of verdicts can be read at a glance.
SIGNS = dict(zip(VERDICTS, ("✓", "≈", "✗", "?", "–"), strict=True))
HEADS = (("Claim", 29), ("Text", 7), ("Verdict", 14), ("Why, and where", 50))
PAGE = "docs/claims.md"
ALL = ""  # the choice that leaves nothing out; None would be shown as an empty box
STYLE = f"""<style>
.bncourse-claims {{ --jp-widgets-font-size: {TEXT}px; }}
.bncourse-claims table {{ border-collapse: collapse; table-layout: fixed; width: 100%;
  font-size: {TEXT}px; line-height: 1.4; color: {INK}; }}
.bncourse-claims th, .bncourse-claims td {{ text-align: left; vertical-align: top;
  padding: 6px 8px; border-bottom: 1px solid {FAINT}; overflow-wrap: break-word;
  white-space: normal; }}
.bncourse-claims tbody th {{ font-weight: normal; }}
.bncourse-claims thead th {{ position: sticky; top: 0; background: #FFFFFF;
  border-bottom: 2px solid {INK}; }}
.bncourse-claims .verdict {{ font-weight: bold; }}
.bncourse-claims .where {{ color: {QUIET}; }}
.bncourse-claims caption {{ text-align: left; padding: 4px 8px; }}
.bncourse-claims .scrolled {{ max-height: 560px; overflow-y: auto; border: 1px solid {FAINT};
  background: #FFFFFF; }}
</style>"""


class ClaimsTable(VBox):
    """Every claim of the five texts, narrowed down by words, verdict, text and topic.

    All the words of the search have to occur somewhere in a claim. ``shown`` holds the claims that
    are in the table now.
    """

    def __init__(self, claims: Sequence[Claim] | None = None) -> None:
        self.claims = tuple(load_ledger() if claims is None else claims)
        self.words = Text(description="Search", placeholder="words of a claim, as: init sigmoid")
        self.verdict = _selector("Verdict", [(f"{SIGNS[v]} {v}", v) for v in VERDICTS])
        self.text = _selector("Text", [(f"{number}", number) for number in TEXTS])
        used = {claim.topic for claim in self.claims}
        self.topic = _selector("Topic", [(t, key) for key, t in TOPICS.items() if key in used])
        self.controls = (self.words, self.verdict, self.text, self.topic)
        for control, width in zip(self.controls, (330, 250, 130, 400), strict=True):
            control.style.description_width = "60px"
            control.layout = Layout(width=f"{width}px")
            control.observe(lambda _: self.refresh(), "value")
        self.count = HTML()
        self.table = HTML()
        row = Layout(flex_flow="row wrap", grid_gap="2px 10px")
        style = HTML(STYLE, layout=Layout(height="0", margin="0"))
        super().__init__(
            [style, HBox(self.controls, layout=row), self.count, self.table],
            layout=Layout(max_width=f"{WIDEST}px"),
        )
        self.add_class("bncourse-claims")
        self.children = [*self.children, keep_keys(self)]
        self.refresh()

    def refresh(self) -> None:
        """Fill the table anew from what the controls say."""
        self.shown = tuple(claim for claim in self.claims if self._fits(claim))
        self.count.value = say(counted(self.shown, len(self.claims)))
        self.table.value = (
            '<div class="scrolled" tabindex="0" role="region" aria-label="Claims of the five '
            f'texts">{_table(self.shown)}</div>'
        )

    def _fits(self, claim: Claim) -> bool:
        chosen = (
            self.verdict.value in (ALL, claim.verdict)
            and self.topic.value in (ALL, claim.topic)
            and (self.text.value == ALL or self.text.value in claim.texts)
        )
        said = searched(claim)
        return chosen and all(word in said for word in self.words.value.casefold().split())

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        told = counted(self.claims, len(self.claims))
        return {**bundle, "text/html": listed(self.claims), "text/plain": told}


class Rows:
    """Some claims as a table that needs no kernel: what a lesson shows of the ledger.

    ``text/plain`` tells verdicts and claims, one in each line.
    """

    def __init__(self, claims: Sequence[Claim]) -> None:
        self.claims = tuple(claims)

    def __repr__(self) -> str:
        return "\n".join(
            f"text {', '.join(map(str, claim.texts))}: {claim.says} {claim.verdict}. {claim.why}"
            for claim in self.claims
        ).replace("`", "")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/html": _still_table(self.claims), "text/plain": repr(self)}


def tell(*names: str) -> Rows:
    """Return the rows of some claims: topics (keys of `TOPICS`), ids, or both.

    Raises KeyError for a name that is neither, or if there is none.
    """
    by_id = {claim.id: claim for claim in load_ledger()}
    chosen: dict[str, Claim] = {}
    for name in names:
        of_topic = [claim for claim in by_id.values() if claim.topic == name]
        for claim in of_topic or [by_id[name]]:
            chosen[claim.id] = claim
    if not chosen:
        raise KeyError("tell needs the name of a topic or of a claim")
    return Rows(tuple(chosen.values()))


def searched(claim: Claim) -> str:
    """Return all the words of a claim, in which the search looks."""
    parts = (claim.id, claim.says, claim.verdict, claim.ground, claim.why, claim.source)
    evidence = " ".join(each.told() for each in claim.evidence)
    where = " ".join(map(str, claim.where))
    return " ".join((*parts, evidence, where, TOPICS[claim.topic])).casefold()


def counted(claims: Sequence[Claim], of: int) -> str:
    """Say how many claims there are, and how many of each verdict."""
    verdicts = Counter(claim.verdict for claim in claims)
    each = ", ".join(f"{verdicts[v]} {v}" for v in VERDICTS if verdicts[v])
    lead = f"{len(claims)} claims" if len(claims) == of else f"{len(claims)} of {of} claims"
    return f"{lead}: {each}." if each else f"{lead}. Try fewer words."


def listed(claims: Sequence[Claim]) -> str:
    """Return the claims without their reasons as short HTML: what is kept where no kernel runs."""
    parts = [f"<p>{counted(claims, len(claims))} The reasons are in <code>{PAGE}</code>.</p>"]
    for topic, title in TOPICS.items():
        own = [claim for claim in claims if claim.topic == topic]
        if own:
            items = "".join(
                f"<li>{escape(claim.says)} <b>{SIGNS[claim.verdict]} {claim.verdict}</b> "
                f"({_brief(claim)})</li>"
                for claim in own
            )
            parts.append(
                f"<details><summary>{title} ({len(own)})</summary><ul>{items}</ul></details>"
            )
    return "".join(parts)


def marked_up(text: str) -> str:
    """Return a sentence as HTML: what stands in backticks is code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def _selector(name: str, options: list[tuple[str, Any]]) -> Dropdown:
    return Dropdown(description=name, options=[("all", ALL), *options])


def _table(claims: Sequence[Claim]) -> str:
    columns = "".join(f'<col style="width:{width}%">' for _, width in HEADS)
    heads = "".join(f'<th scope="col">{name}</th>' for name, _ in HEADS)
    rows = "".join(_row(claim) for claim in claims)
    return (
        f"<table><colgroup>{columns}</colgroup><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _row(claim: Claim) -> str:
    return (
        f'<tr><th scope="row">{marked_up(claim.says)}</th>'
        f"<td>{', '.join(map(str, claim.texts))}</td>"
        f'<td><span class="verdict"><span aria-hidden="true">{SIGNS[claim.verdict]} </span>'
        f"{claim.verdict}</span><br>{claim.ground}</td>"
        f"<td>{marked_up(claim.why)}{_numbers(claim)}{_where(claim)}</td></tr>"
    )


def _numbers(claim: Claim) -> str:
    """Return what the claim rests on, folded away, with the spreads."""
    items = [marked_up(each.told()) for each in claim.evidence]
    items += [f"Source: {marked_up(claim.source)}"] if claim.source else []
    if not items:
        return ""
    rows = "".join(f"<li>{item}</li>" for item in items)
    return f"<details><summary>What it rests on</summary><ul>{rows}</ul></details>"


def _where(claim: Claim) -> str:
    return f'<div class="where">{marked_up("; ".join(map(str, claim.where)))}</div>'


def _brief(claim: Claim) -> str:
    texts = f"text {', '.join(map(str, claim.texts))}"
    lessons = sorted({place.lesson for place in claim.where})
    return f"{texts}; lesson {', '.join(lessons)}" if lessons else texts


def _still_table(claims: Sequence[Claim]) -> str:
    """Return a table that carries its alignment itself: hosts drop style sheets of outputs."""
    left = ' style="text-align:left;vertical-align:top"'
    heads = "".join(f"<th{left}>{name}</th>" for name in ("text", "claim", "verdict", "why"))
    rows = "".join(
        f"<tr><td{left}>{', '.join(map(str, claim.texts))}</td>"
        f"<td{left}>{marked_up(claim.says)}</td>"
        f"<td{left}><b>{SIGNS[claim.verdict]} {claim.verdict}</b></td>"
        f"<td{left}>{marked_up(claim.why)}</td></tr>"
        for claim in claims
    )
    table = f'<table style="font-size:{TEXT}px;max-width:{WIDEST}px">'
    return f"{table}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
