"""The instructor's page: every number stands there, nobody's text becomes markup."""

import re
from dataclasses import replace

import pytest

from bncourse.grading.record import TaskResult
from bncourse.grading.report import plots
from bncourse.grading.report.class_page import class_page
from bncourse.grading.report.files import page_name
from bncourse.grading.report.summary import KINDS, score_bins, summarise
from bncourse.grading.verdict import Status
from tests.grading.report.made_up import HOSTILE, class_of, hostile_result, result, verdict
from tests.grading.report.reading import Page


def named(learner, key="variance by n - 1", **changes):
    one = verdict(misconceptions=(key,), looks_like=(f"It is {key}.",))
    return result(one, learner=learner, name=learner.title(), **changes)


def pictures(page):
    return [a for a in Page(page).all("svg") if a.get("role") == "img"]


def test_the_numbers_of_the_class():
    right = result(verdict(Status.CORRECT), learner="eve", name="Eve")
    read = Page(class_page([named("ada"), named("ben"), right], "Batch norm", "14 March"))
    assert "Batch normClass reportGraded 14 March" in read.text
    assert "Learners3Exercises1Submissions3Mean33 %Median0 %Not graded0Flagged0" in read.text
    assert "3 submissions: mean 0.33, median 0 of 1 points." in read.text
    assert "It is variance by n - 1.2 (67 %)Ada, Ben" in read.text


def test_every_picture_says_its_numbers_in_words_and_in_a_table():
    whole = class_of(40)
    page = class_page(whole)
    (s,) = summarise(whole)
    scores, tasks, found = (picture["aria-label"] for picture in pictures(page))
    read = Page(page)
    for b in score_bins(s.scores, s.out_of):
        assert f"{b.words}: {b.count}" in scores and f"{b.words}{b.count}" in read.text
    for task in s.tasks:
        counts = ", ".join(f"{n} {kind.word}" for kind, n in task.counts.items() if n)
        assert f"{task.task}: {counts}" in tasks
        row = "".join(str(n) for k, n in task.counts.items() if any(t.counts[k] for t in s.tasks))
        assert f"{task.task} {task.title}{row}" in read.text
    for f in s.found[: plots.BARS_LIMIT]:
        assert f"{f.task} {f.key}: {len(f.who)} learner" in found
    for f in s.found:
        assert f"{f.task}{f.key}: {f.says}{len(f.who)} (" in read.text
    assert len(read.all("figcaption")) == 3 and len(read.all("caption")) >= 4


def test_kinds_differ_by_pattern_sign_and_word():
    assert len({plots._FILLS[kind.word] for kind in KINDS}) == len(KINDS)
    assert len({kind.sign for kind in KINDS}) == len({kind.word for kind in KINDS}) == len(KINDS)
    page = class_page([result(*(verdict(status) for status in Status))])
    for kind in KINDS:
        assert page.count(f'id="{plots._pattern_id(kind)}"') == 1
        assert page.count(f'fill="url(#{plots._pattern_id(kind)})"') == 2  # the bar and the key


def test_all_that_needs_a_look_is_there():
    odd = verdict(Status.UNRECOGNISED, seen=("one", "two", "three", "four"))
    error = verdict(Status.ERROR, seen=("NameError: name 'gama' is not defined",))
    flagged = TaskResult(odd, 1.0, ("calls torch's own layer",))
    whole = [
        replace(result(learner="ada", name="Ada", flags=("two files",)), tasks=(flagged,)),
        result(error, learner="ben", name="Ben"),
        result(learner="eve", name="Eve", failure="The file is empty.", source="in/eve.ipynb"),
        result(learner="ada", name="Ada", exercise="00"),
    ]
    read = Page(class_page(whole))
    assert "What was not recognised1 answer, with the smallest failing case" in read.text
    assert "3.3Adaone two three" in read.text and "four" not in read.text
    assert "Where no answer came" in read.text and "name 'gama' is not defined" in read.text
    assert "two files; 3.3: calls torch's own layer" in read.text
    assert "in/eve.ipynbThe file is empty." in read.text
    assert "Exercise 00: nothing handed in2 learnersBen, Eve" in read.text


def test_nothing_to_look_at_is_said():
    read = Page(class_page([named("ada")]))
    assert "Nothing is flagged, every file could be graded and none is missing." in read.text


def test_a_weak_tier_is_told_loudly_and_first():
    whole = [named("ada"), named("ben", tier="process"), named("eve", tier="", failure="empty")]
    page = class_page(whole)
    read = Page(page)
    assert "! Isolation: process." in read.text and "1 submission of 2" in read.text
    assert page.index("Isolation: process") < page.index("Learners")
    quiet = Page(class_page([named("ada", tier="namespaces")])).text
    assert "namespaces (1)" in quiet and "! Isolation" not in quiet


def test_every_learner_links_to_their_page():
    whole = [*class_of(25), *(hostile_result(text) for text in HOSTILE)]
    read = Page(class_page(whole))
    from urllib.parse import unquote

    links = {unquote(a["href"]) for a in read.all("a")}
    assert links == {f"feedback/{page_name(r.learner)}" for r in whole}


def test_the_table_of_learners():
    right = verdict(Status.CORRECT, task="3.1")
    whole = [result(right, verdict(task="3.2"), learner="ada17", name="Ada")]
    whole += [result(right, learner="ben2", name="Ben", failure="The file is empty.")]
    assert "LearnerIdentity3.13.2ScoreShareLookAdaada17✓◆150 %Benben2––1" in (
        Page(class_page(whole)).text
    )
    both = Page(class_page([*whole, replace(whole[0], exercise="00_start_here")])).text
    assert "Exercise 00: start hereExercise 03: batch normTotalShareLookAdaada171" in both


def test_a_second_result_of_the_same_exercise_is_pointed_out():
    whole = [named("ada"), named("ada", source="copy.ipynb")]
    read = Page(class_page(whole))
    assert "copy.ipynbanother result of the same learner and exercise" in read.text
    assert "Learners1" in read.text and "1 (100 %)" in read.text


@pytest.mark.parametrize("text", HOSTILE)
def test_no_foreign_tag_or_attribute_comes_through(text):
    whole = [hostile_result(text), hostile_result(text), named("ada"), named("eve", exercise=text)]
    whole += [replace(hostile_result(text), learner="b", failure=text or "x", tier=text)]
    page = class_page(whole, course=text, when=text)
    read = Page(page)
    assert read.foreign == []
    assert read.style == Page(class_page([])).style
    page.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)


def test_nobody_and_nothing_marked():
    assert "There are no results." in Page(class_page([])).text
    recorded = result(verdict(Status.RECORDED), points=0.0)
    read = Page(class_page([recorded]))
    assert "Nothing in this exercise is marked." in read.text and "Mean–" in read.text
    none = replace(recorded, tasks=(), failure="The file is empty.")
    assert "The file is empty." in Page(class_page([none])).text


def test_a_large_class_stays_a_small_page():
    page = class_page(class_of(1000))
    assert len(page.encode()) < 1_000_000
    read = Page(page)
    assert read.foreign == [] and len(read.all("th", scope="row")) == 1000
    assert "more (all in grades.csv)" in read.text


def test_one_misconception_of_everybody_names_some_and_counts_all():
    read = Page(class_page([named(f"learner {k}") for k in range(900)]))
    assert "900 (100 %)" in read.text and "and 867 more (all in grades.csv)" in read.text
    assert read.headings[0] == 1 and set(read.headings) == {1, 2, 3}
