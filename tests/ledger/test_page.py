"""docs/claims.md is what the ledger says."""

import re
import subprocess
import sys
from dataclasses import replace

from bncourse.ledger import TOPICS, VERDICTS, load_findings, load_ledger
from bncourse.ledger.page import FILE, contradictions, named, page, write_page

LEDGER = load_ledger()
PAGE = page(LEDGER)


def test_the_page_is_not_stale():
    assert FILE.read_text(encoding="utf-8") == PAGE, "run: python -m bncourse.ledger"


def test_every_claim_is_on_it_once_and_every_link_leads_there():
    anchors = re.findall(r'<a id="([^"]+)"></a>', PAGE)
    assert sorted(anchors) == sorted(claim.id for claim in LEDGER)
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= set(anchors)
    for title in TOPICS.values():
        assert f"\n## {title}\n" in PAGE
    assert "{" not in PAGE


def test_the_counts_are_right():
    for verdict in VERDICTS:
        count = sum(claim.verdict == verdict for claim in LEDGER)
        assert re.search(rf"^\| {verdict} \| {count} \|", PAGE, re.M)


def test_it_says_how_many_numbers_are_measured_anew():
    findings = load_findings().values()
    stored = {finding.name: finding.stored for finding in findings if finding.stored}
    anew = len(findings) - len(stored)
    assert f"Of the {len(findings)} numbers it measures {anew} anew." in PAGE
    assert f"The other {len(stored)} are read from {len(set(stored.values()))} stored" in PAGE


def test_a_group_of_contradictions_is_told_once():
    a, b, c, d = (replace(claim, against=()) for claim in LEDGER[:4])
    a, b = replace(a, against=(b.id,)), replace(b, against=(a.id, c.id))
    c = replace(c, against=(b.id,))
    groups = contradictions([a, b, c, d])
    assert [{claim.id for claim in group} for group in groups] == [{a.id, b.id, c.id}]


def test_texts_are_named_in_words():
    assert named((3,)) == "text 3"
    assert named((2, 4, 5)) == "texts 2, 4 and 5"


def test_the_page_is_written_where_one_says(tmp_path):
    assert write_page(tmp_path / "x.md").read_text(encoding="utf-8") == PAGE


def test_loading_the_ledger_imports_nothing_heavy():
    code = (
        "import sys; from bncourse.ledger import load_ledger; assert load_ledger();"
        "assert not {'torch', 'numpy', 'sklearn', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=FILE.parents[1], check=True)
