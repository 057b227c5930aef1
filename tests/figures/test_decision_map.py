import re

import numpy as np
import pytest

from bncourse.experiments.decision import FIRST, LEAVES, QUESTIONS
from bncourse.experiments.decision_cases import check_cases
from bncourse.experiments.decision_verdicts import RIVALS, Case, Comparison, tally
from bncourse.figures.decision_map import SPINE, decision_map
from bncourse.figures.style import INK, PAPER
from tests.figures.checks import SVG, check_svg, words_of


@pytest.fixture(scope="module")
def cases():
    return check_cases()


@pytest.fixture(scope="module")
def static(cases):
    return decision_map(cases)


def plain(static):
    return re.sub(r"\s+", " ", " ".join(words_of(str(static.picture))).replace("−", "-"))


def case_of(*gains, answers=None):
    """Return a case of group norm with one comparison for each gain, far beyond its error."""
    few = dict.fromkeys(QUESTIONS, False) | {"random": True}
    base = np.array([5.0, 5.1, 5.0, 4.9, 5.0])
    wobble = np.array([0.01, -0.01, 0.02, -0.02, 0.0])
    found = tuple(
        Comparison(f"test {k}", "ours", "theirs", base, base + gain + wobble)
        for k, gain in enumerate(gains)
    )
    return Case("made up", answers or few, "none", found)


def signs(static):
    """Return how many filled circles, empty circles and crosses are drawn."""
    root = check_svg(str(static.picture))
    dots, crosses = {INK: 0, PAPER: 0}, 0
    for path in root.iter(f"{SVG}path"):
        if path.get("stroke-linecap") == "round":
            dots[path.get("stroke")] += path.get("d").count("M")
        elif path.get("stroke-width") == "2":
            crosses += path.get("d").count("M")
    # An empty circle is a light dot on a dark one, a cross two strokes.
    return dots[INK] - dots[PAPER], dots[PAPER], crosses // 2


def test_the_drawing_follows_the_data():
    """The left column is the chain from the first question on, and its side ways are leaves."""
    key = QUESTIONS[FIRST].no
    for asked, answer, leaf in SPINE:
        assert asked == key
        question = QUESTIONS[key]
        assert leaf == (question.yes if answer == "yes" else question.no) and leaf in LEAVES
        key = question.no if answer == "yes" else question.yes
    assert key == "GN"
    assert QUESTIONS[FIRST].yes == "changed" and QUESTIONS["changed"].no == "tuned"
    assert (QUESTIONS["changed"].yes, QUESTIONS["tuned"].yes) == ("recompute", "frozen")
    assert QUESTIONS["tuned"].no == "keep"


def test_all_questions_reasons_and_leaves_can_be_read(static):
    check_svg(str(static.picture))
    assert len(str(static.picture)) < 18_500
    text = plain(static)
    for question in QUESTIONS.values():
        assert question.asks in text and question.why in text
    for leaf in LEAVES.values():
        assert leaf.name in text
        assert leaf.limit in text and leaf.limit in static.caption


def test_a_sign_for_every_comparison(static, cases):
    total = tally(cases).total
    # One more of each in the key.
    assert signs(static) == tuple(
        total[verdict] + 1 for verdict in ("wins", "no difference", "loses")
    )
    assert "nothing measured here" not in plain(static)


def test_what_loses_is_written_out(static, cases):
    text = plain(static)
    lost = [(c, k) for c in cases for k in c.comparisons if k.verdict == "loses"]
    assert lost
    for case, found in lost:
        told = f"{found.ours} {found.with_ours.mean():.1f}, {found.theirs}"
        assert f"{case.name}, {found.where}: {told}" in text
        assert f"{case.name}, {found.where}: {told}" in static.caption
    assert f"against {sum(tally(cases).total.values())} comparisons" in static.caption


def test_it_calls_itself_a_check_and_parts_rivals_with_a_norm_from_those_without(static, cases):
    text = plain(static)
    for told in (text, static.caption):
        assert "check of consistency" in told and "no test" in told
        assert "ested on" not in told
    rows = tally(cases).by_rival
    for kind in RIVALS:
        wins, same, lost = rows[kind].values()
        assert f"{kind} {wins} {same} {lost}" in text
        assert f"{kind} {wins} wins, {same} no difference, {lost} loses" in static.caption
    assert "95 %" in static.caption


def test_other_cases_give_other_signs():
    made = decision_map([case_of(1, 2, -1, 0)])
    assert "nothing measured here" in plain(made)  # frozen batch norm
    assert signs(made) == (3, 2, 2)
    assert "made up, test 2: ours 5.0, theirs 4.0" in plain(made)
    many = decision_map([case_of(*[1] * 25)])
    check_svg(str(many.picture))
    assert "group norm 25 wins, 0 no difference, 0 loses" in many.caption
