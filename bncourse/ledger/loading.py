"""Reading the ledger: claims from TOML, findings from JSON, numbers into sentences."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from bncourse.ledger.claim import OPEN, TOPICS, Claim, Place
from bncourse.ledger.finding import Finding

FINDINGS = "findings.json"
HOLE = re.compile(r"\{([a-z0-9-]+)(?::([^}]*))?\}")


@cache
def load_ledger() -> tuple[Claim, ...]:
    """Return all claims, topic by topic in the order of `TOPICS`.

    Raises KeyError for a claim that names a finding which was never measured.
    """
    findings = load_findings()
    return tuple(
        build(entry, topic, findings) for topic in TOPICS for entry in read_topic(topic)["claim"]
    )


@cache
def load_findings() -> dict[str, Finding]:
    """Return the stored findings by name."""
    text = files(__package__).joinpath(FINDINGS).read_text(encoding="utf-8")
    return {entry["name"]: Finding(**entry) for entry in json.loads(text)["findings"]}


def load_statements() -> dict[str, Claim]:
    """Return the claim behind every statement of the texts, "1.1", "1.2" … in this order."""
    where = {place: claim for claim in load_ledger() for place in claim.at}
    return {place: where[place] for place in sorted(where, key=_place)}


def read_topic(topic: str) -> dict[str, Any]:
    """Return a topic's file as it stands, the numbers not yet filled in."""
    file = files(__package__).joinpath("claims", f"{topic}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def build(entry: Mapping[str, Any], topic: str, findings: Mapping[str, Finding]) -> Claim:
    """Make a claim of an entry of a topic's file."""
    return Claim(
        id=entry["id"],
        topic=topic,
        at=tuple(entry["at"]),
        says=entry["says"],
        verdict=entry["verdict"],
        ground=entry["ground"],
        where=tuple(place(text) for text in entry.get("where", ())),
        evidence=tuple(findings[name] for name in entry.get("evidence", ())),
        why=fill(entry["why"], findings),
        source=entry.get("source", ""),
        against=tuple(entry.get("against", ())),
    )


def place(text: str) -> Place:
    """Read "03: A real run", or "07" where the heading is open."""
    lesson, _, heading = text.partition(": ")
    return Place(lesson, heading or OPEN)


def fill(text: str, findings: Mapping[str, Finding]) -> str:
    """Put findings into the holes of a sentence: "{name}", "{name:±}", "{name:bare}"."""
    return HOLE.sub(lambda hole: findings[hole[1]].written(hole[2] or ""), text)


def _place(text: str) -> tuple[int, int]:
    number, _, statement = text.partition(".")
    return int(number), int(statement)
