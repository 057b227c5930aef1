import re
from xml.etree import ElementTree

import pytest

from bncourse.figures.claims_table import (
    SIGNS,
    ClaimsTable,
    counted,
    listed,
    marked_up,
    searched,
    tell,
)
from bncourse.ledger import TOPICS, VERDICTS, load_ledger

LEDGER = load_ledger()


@pytest.fixture
def table():
    return ClaimsTable()


def xml(html):
    """Close what HTML leaves open, so that it can be read as XML."""
    return ElementTree.fromstring(re.sub(r"<(br|col)\b([^>]*)>", r"<\1\2/>", html))


def test_all_claims_are_there_at_first(table):
    root = xml(table.table.value)
    told = root.findall(".//tbody/tr")
    assert len(told) == len(LEDGER) == len(table.shown)
    assert counted(LEDGER, len(LEDGER)) in table.count.value


def test_the_table_is_one_for_screen_readers(table):
    root = xml(table.table.value)
    assert root.get("role") == "region" and root.get("aria-label") and root.get("tabindex") == "0"
    heads = root.findall(".//thead/tr/th")
    assert [head.get("scope") for head in heads] == ["col"] * 4
    for row in root.findall(".//tbody/tr"):
        assert row.find("th").get("scope") == "row"
        assert len(row.findall("td")) == 3
    assert 'role="status"' in table.count.value
    assert [c.description for c in table.controls] == ["Search", "Verdict", "Text", "Topic"]


def test_a_verdict_has_a_sign_of_its_own(table):
    assert list(SIGNS) == list(VERDICTS) and len(set(SIGNS.values())) == len(SIGNS)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_one_verdict_can_be_chosen(table, verdict):
    table.verdict.value = verdict
    assert {claim.verdict for claim in table.shown} == {verdict}
    assert len(table.shown) == sum(claim.verdict == verdict for claim in LEDGER)


def test_selectors_and_words_narrow_down_together(table):
    table.text.value = 4
    table.topic.value = "inputs"
    assert table.shown and all(4 in c.texts and c.topic == "inputs" for c in table.shown)
    before = table.shown
    table.words.value = "  WHITENING covariance"
    assert 0 < len(table.shown) < len(before)
    for claim in table.shown:
        assert "whitening" in searched(claim) and "covariance" in searched(claim)
    assert f"{len(table.shown)} of {len(LEDGER)} claims" in table.count.value
    for control in (table.text, table.topic):
        control.value = ""
    table.words.value = ""
    assert len(table.shown) == len(LEDGER)


def test_nothing_found_says_so(table):
    table.words.value = "xyzzy"
    assert table.shown == ()
    assert "0 of" in table.count.value and "fewer words" in table.count.value


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_can_be_chosen(table, topic):
    table.topic.value = topic
    assert table.shown and all(claim.topic == topic for claim in table.shown)


def test_a_saved_notebook_keeps_all_verdicts_and_stays_small(table):
    bundle = table._repr_mimebundle_()
    assert len(bundle["text/html"].encode()) < 45_000
    assert "<style" not in bundle["text/html"]
    root = xml(f"<div>{bundle['text/html']}</div>")
    assert len(root.findall(".//li")) == len(LEDGER)
    assert bundle["text/plain"] == counted(LEDGER, len(LEDGER))
    assert listed(LEDGER) == bundle["text/html"]


def test_rows_of_a_lesson(table):
    told = tell("backward", "worked-example")
    assert [claim.id for claim in told.claims] == ["inside-the-gradient", "worked-example"]
    bundle = told._repr_mimebundle_()
    root = xml(bundle["text/html"])
    assert len(root.findall(".//tbody/tr")) == 2
    assert bundle["text/plain"].count("\n") == 1
    assert "text 4" in bundle["text/plain"] and "`" not in bundle["text/plain"]
    assert len(tell("algorithm", "worked-example").claims) == len(tell("algorithm").claims)


@pytest.mark.parametrize("names", [("no such claim",), ()])
def test_what_is_not_in_the_ledger_is_refused(names):
    with pytest.raises(KeyError):
        tell(*names)


def test_marks_are_code_and_the_rest_is_escaped():
    assert marked_up("`a < b` & c") == "<code>a &lt; b</code> &amp; c"
