"""The ledger as a page, `docs/claims.md`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bncourse.ledger.claim import GROUNDS, TEXTS, TOPICS, VERDICTS, Claim
from bncourse.ledger.finding import Finding
from bncourse.ledger.loading import load_findings, load_ledger, load_statements
from bncourse.ledger.papers import PAPERS

NO_MODULE = ("hand", "PyTorch")  # arithmetic, or a library's layer as it is
FILE = Path(__file__).parents[2] / "docs" / "claims.md"


def write_page(file: Path = FILE) -> Path:
    """Write the page; it says nothing that is not in the ledger."""
    file.write_text(page(load_ledger()), encoding="utf-8")
    return file


def page(claims: Sequence[Claim]) -> str:
    """Return the page as Markdown."""
    parts = [
        *_head(claims),
        *_contradictions(claims),
        *_topics(claims),
        *_statements(),
        *_papers(claims),
    ]
    return "\n".join(parts) + "\n"


def contradictions(claims: Sequence[Claim]) -> list[tuple[Claim, ...]]:
    """Return groups of claims that say otherwise than each other, each group once."""
    known = {claim.id: claim for claim in claims}
    groups: list[list[str]] = []
    for claim in claims:
        linked = {claim.id, *claim.against}
        touching = [group for group in groups if linked & set(group)]
        merged = [name for group in touching for name in group]
        merged += [name for name in (claim.id, *claim.against) if name not in merged]
        groups = [group for group in groups if group not in touching]
        if len(merged) > 1:
            groups.append(merged)
    return [tuple(known[name] for name in group) for group in groups]


def named(texts: Sequence[int]) -> str:
    """Return "text 2" or "texts 1, 2 and 3"."""
    if len(texts) == 1:
        return f"text {texts[0]}"
    return f"texts {', '.join(map(str, texts[:-1]))} and {texts[-1]}"


def _head(claims: Sequence[Claim]) -> Iterator[str]:
    statements = sum(len(claim.at) for claim in claims)
    yield "# What the five texts say"
    yield ""
    yield (
        f"Every statement of five texts about batch norm, {statements} of them, counted as "
        f"{len(claims)} claims where several say the same. Each has a verdict and what settles it. "
        "The numbers come from the course's own code (the names in brackets are modules of "
        "`bncourse/experiments`). Nets and data are small (mostly the 8 × 8 digits), so effect "
        "sizes are those of small nets."
    )
    yield ""
    yield from _checked()
    yield ""
    for number, title in TEXTS.items():
        yield f"- Text {number}: *{title.partition(' (')[0]}* ({title.partition(' (')[2]}"
    yield ""
    yield f"| verdict | claims | {' | '.join(f'text {n}' for n in TEXTS)} | meaning |"
    yield f"|---|---{'|---' * len(TEXTS)}|---|"
    for verdict, meaning in VERDICTS.items():
        chosen = [claim for claim in claims if claim.verdict == verdict]
        of_texts = Counter(text for claim in chosen for text in claim.texts)
        cells = " | ".join(str(of_texts[n]) for n in TEXTS)
        yield f"| {verdict} | {len(chosen)} | {cells} | {meaning} |"
    yield ""
    yield "A claim of several texts counts for each of them."
    yield ""
    yield "| ground | claims | meaning |"
    yield "|---|---|---|"
    for ground, meaning in GROUNDS.items():
        count = sum(claim.ground == ground for claim in claims)
        yield f"| {ground} | {count} | {meaning} |"
    yield ""


def _checked() -> Iterator[str]:
    findings = load_findings().values()
    stored = [finding.stored for finding in findings if finding.stored]
    yield (
        f"`python -m bncourse.ledger` writes this page. Of the {len(findings)} numbers it measures "
        f"{len(findings) - len(stored)} anew. So do the tests, some with fewer seeds. The other "
        f"{len(stored)} are read from {len(set(stored))} stored results of longer runs; of every "
        "result the tests train an arm that claims rest on once more, mostly with one seed or two. "
        "A test fails when a number leaves the range in which its verdict stands, or when such an "
        "arm does not come out as it is stored. The range of a number that is two spreads from "
        "zero (a ratio: from one) does not hold the other sign, unless the code says why."
    )


def _contradictions(claims: Sequence[Claim]) -> Iterator[str]:
    yield "## Where the texts contradict each other, or themselves"
    yield ""
    for group in contradictions(claims):
        for k, claim in enumerate(group):
            lead = "- " if k == 0 else "  - "
            said = f"{named(claim.texts).capitalize()}: {claim.says}"
            yield f"{lead}{said} **{claim.verdict}** ([{claim.id}](#{claim.id}))"
    yield ""


def _topics(claims: Sequence[Claim]) -> Iterator[str]:
    for topic, title in TOPICS.items():
        chosen = [claim for claim in claims if claim.topic == topic]
        if not chosen:
            continue
        yield f"## {title}"
        yield ""
        for claim in chosen:
            yield from _entry(claim)


def _entry(claim: Claim) -> Iterator[str]:
    yield f'<a id="{claim.id}"></a>'
    yield f"**{claim.says}**"
    yield ""
    yield (
        f"- `{claim.id}`, {named(claim.texts)} ({', '.join(claim.at)}): "
        f"**{claim.verdict}**, {claim.ground}."
    )
    yield f"- {claim.why}"
    if claim.evidence:
        yield f"- Rests on: {'; '.join(map(_sourced, claim.evidence))}."
    if claim.where:
        yield f"- Settled in {'; '.join(map(str, claim.where))}."
    if claim.source:
        yield f"- Source: {claim.source}."
    yield ""


def _sourced(finding: Finding) -> str:
    """Tell a finding and the experiment that measures it; what is worked out by hand has none."""
    named = "" if finding.made_by in NO_MODULE else f" [`{finding.made_by}`]"
    return finding.told() + named


def _statements() -> Iterator[str]:
    yield "## The texts, statement by statement"
    yield ""
    yield "The statements of each text in the order in which they stand, and the claim of each."
    yield ""
    statements = load_statements()
    for number in TEXTS:
        own = [(at, c) for at, c in statements.items() if at.partition(".")[0] == str(number)]
        links = ", ".join(f"{at} [{claim.id}](#{claim.id})" for at, claim in own)
        yield f"- **Text {number}**: {links}"


def _papers(claims: Sequence[Claim]) -> Iterator[str]:
    yield ""
    yield "## Papers"
    yield ""
    sources = " ".join(claim.source for claim in claims)
    for name, title in PAPERS.items():
        if name in sources:
            yield f"- {name}: {title}"
