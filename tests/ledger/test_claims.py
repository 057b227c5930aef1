"""The claims as data: complete, well-formed, and settled somewhere."""

import json
import re
from pathlib import Path

import pytest

from bncourse.ledger import GROUNDS, TEXTS, TOPICS, VERDICTS, load_ledger, load_statements
from bncourse.ledger.claim import OPEN
from bncourse.ledger.finding import Finding
from bncourse.ledger.loading import HOLE, build, fill, load_findings, place, read_topic
from bncourse.ledger.papers import PAPERS

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
ENTRIES = [(topic, entry) for topic in TOPICS for entry in read_topic(topic)["claim"]]
LEDGER = load_ledger()
# Statements of each text, counted by reading it.
STATEMENTS = {1: 20, 2: 23, 3: 35, 4: 30, 5: 31}
# What a run gives has decimals, a unit or many digits; settings (300 updates) are whole
# numbers. Code in backticks is a formula.
TYPED = re.compile(
    r"\d[.,]\d|\d ?%|[±−-] ?\d|\d[\d ]*(?:times|points|sds|bytes|fold)\b|\d{5}|\d ?· ?10"
)
CODE = re.compile(r"`[^`]*`|N − 1|±1\b")


def headings(lesson):
    cells = json.loads(NOTEBOOKS[lesson].read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return set(re.findall(r"^#+ (.+)$", text, re.M))


def test_every_statement_of_every_text_is_one_of_a_claim_and_of_one_only():
    places = [at for claim in LEDGER for at in claim.at]
    expected = [f"{text}.{k}" for text, n in STATEMENTS.items() for k in range(1, n + 1)]
    assert sorted(places) == sorted(expected)
    assert list(load_statements()) == expected
    assert load_statements()["1.2"].id == "updates-per-epoch"


def test_ids_are_unique_and_every_file_is_a_topic():
    ids = [claim.id for claim in LEDGER]
    assert len(set(ids)) == len(ids)
    folder = ROOT / "bncourse" / "ledger" / "claims"
    assert {path.stem for path in folder.glob("*.toml")} == set(TOPICS)


@pytest.mark.parametrize("claim", LEDGER, ids=lambda claim: claim.id)
def test_a_claim_is_whole(claim):
    assert claim.topic in TOPICS
    assert claim.verdict in VERDICTS
    assert claim.ground in GROUNDS
    assert set(claim.texts) <= set(TEXTS)
    assert claim.says.endswith(".") or claim.says.endswith(").")
    assert claim.why.endswith((".", "?"))
    assert len(claim.why.split()) > 10 or claim.verdict == "not a claim" or not claim.evidence
    assert len(claim.why) < 520 and len(claim.says) < 200


@pytest.mark.parametrize("claim", LEDGER, ids=lambda claim: claim.id)
def test_a_claim_has_evidence_or_a_source(claim):
    if claim.ground in ("proved", "measured here"):
        assert claim.evidence
        assert claim.where
    else:
        assert claim.source
    assert all(isinstance(each, Finding) for each in claim.evidence)


@pytest.mark.parametrize(("topic", "entry"), ENTRIES, ids=[e["id"] for _, e in ENTRIES])
def test_no_measured_number_is_typed(topic, entry):
    assert set(entry) <= {
        *("id", "at", "says", "verdict", "ground", "where", "evidence", "why", "source", "against")
    }
    typed = CODE.sub("", HOLE.sub("{", entry["why"]))
    assert not TYPED.search(typed), typed
    named = {hole[0] for hole in HOLE.findall(entry["why"])}
    assert named <= set(load_findings())
    assert {name for name in named if not name.startswith("learned-per")} <= set(
        entry.get("evidence", ())
    ), "what the reason names is not among the evidence"


@pytest.mark.parametrize("claim", LEDGER, ids=lambda claim: claim.id)
def test_a_place_is_a_heading_of_its_lesson(claim):
    for where in claim.where:
        if where.lesson not in NOTEBOOKS:
            assert where.heading == OPEN and where.lesson in ("07", "08")
        else:
            assert where.heading in headings(where.lesson), f"{where}: say which section settles it"


@pytest.mark.parametrize(
    "text", ["by 0.3 of it", "5 %", "3 times", "12 ± 4", "−2", "1,630", "16269"]
)
def test_a_typed_number_would_be_seen(text):
    assert TYPED.search(text)


def test_every_paper_that_a_source_names_is_listed_and_no_other():
    name = re.compile(
        r"(?:[A-Z][A-Za-zü]+(?:, | & | and )|van )*[A-Z][A-Za-zü]+(?: and others)? \d{4}"
    )
    named = {n for claim in LEDGER for n in name.findall(claim.source)}
    assert named == set(PAPERS)


def test_claims_that_contradict_each_other_say_so_on_both_sides():
    known = {claim.id: claim for claim in LEDGER}
    for claim in LEDGER:
        for other in claim.against:
            assert other in known and other != claim.id
            assert claim.id in known[other].against, f"{other} does not name {claim.id}"


def test_every_verdict_and_ground_is_used_and_every_finding_too():
    assert {claim.verdict for claim in LEDGER} == set(VERDICTS)
    assert {claim.ground for claim in LEDGER} == set(GROUNDS)
    named = {name for _, entry in ENTRIES for name in entry.get("evidence", ())}
    named |= {hole[0] for _, entry in ENTRIES for hole in HOLE.findall(entry["why"])}
    assert set(load_findings()) == named, "findings that no claim rests on"


def test_the_texts_are_not_copied():
    """No claim repeats six words of a sentence that begins like this in a text."""
    told = " ".join(claim.says.casefold() for claim in LEDGER)
    for words in (
        "weights are updated more often than",
        "amplified as they propagate within the network",
        "can cause the learning algorithm to chase",
        "performs the normalisation for each batch",
    ):
        assert words not in told


def test_numbers_are_put_into_the_holes():
    entry = {
        "id": "made-up",
        "at": ["1.1", "3.2"],
        "says": "It helps.",
        "verdict": "right",
        "ground": "measured here",
        "where": ["01: The race", "07"],
        "evidence": ["gain"],
        "why": "By {gain:±}, that is {gain}, or {gain:bare}; not by `1 + 1`.",
    }
    gain = Finding("gain", "gain", 12.345, "points", 0.67, "sd", 1, 20, False, "x", "")
    claim = build(entry, "inputs", {"gain": gain})
    assert claim.why == "By 12.35 ± 0.67 points, that is 12.3 points, or 12.3; not by `1 + 1`."
    assert claim.texts == (1, 3)
    assert [str(where) for where in claim.where] == ["lesson 01, The race", "lesson 07"]
    assert claim.effect == "gain: 12.35 ± 0.67 points (sd)"
    with pytest.raises(KeyError):
        fill("{other}", {"gain": gain})
    with pytest.raises(ValueError, match="bare"):
        fill("{gain:3}", {"gain": gain})


def test_a_place_without_a_heading_is_open():
    assert place("07").heading == OPEN
    assert place('01: "A: B"').heading == '"A: B"'
