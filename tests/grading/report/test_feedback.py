"""A learner's page: everything the panel says and nothing else, whatever the texts hold."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from bncourse.grading import panel
from bncourse.grading.record import TaskResult
from bncourse.grading.report.advice import next_steps
from bncourse.grading.report.feedback import feedback_page
from bncourse.grading.report.style import CLASS, FEEDBACK
from bncourse.grading.report.text import clean, number
from bncourse.grading.verdict import Status
from tests.grading.report.made_up import (
    HOSTILE,
    LONG,
    RED,
    class_of,
    hostile_result,
    pool,
    result,
    verdict,
)
from tests.grading.report.reading import Page, contrast


def words(text):
    return " ".join(text.split())


def sections(page):
    """The text of each task on the page."""
    parts = re.split(r'<section class="task"[^>]*>', page)[1:]
    return [Page(part.partition("</section>")[0]).text for part in parts]


def test_every_row_of_the_panel_stands_there_and_nothing_else():
    """What the panel does not give away, the page does not either."""
    verdicts = [v for _, right, wrong, stub in pool() for v in (right, *wrong, stub)]
    assert len(verdicts) > 100
    for v in verdicts:
        (shown,) = sections(feedback_page([result(v)]))
        worth = f"{number(v.credit)} of 1 point"
        sign = panel.SIGN[v.status][0]
        said = f"{v.task} {v.title}{sign} {panel.HEADLINE[v.status]} · {worth}"
        rows = "".join(f"{heading}{''.join(lines)}" for heading, lines in panel.rows(v))
        assert shown == words(said + rows)


def test_the_score_and_each_task_are_told_in_words_and_signs():
    tasks = [verdict(status, task=f"3.{k}") for k, status in enumerate(Status)]
    page = feedback_page([result(*tasks)])
    read = Page(page)
    assert "1 of 8 points (12 %)" in read.text
    for k, status in enumerate(Status):
        sign, word = panel.SIGN[status][0], panel.HEADLINE[status]
        assert f"{sign} {word}" in read.text and f"{sign} 3.{k}" in read.text


def test_unmarked_tasks_are_called_so():
    page = Page(feedback_page([result(verdict(Status.CORRECT), points=0.0)]))
    assert "correct · not marked" in page.text and "0 of 0" not in page.text


def test_several_exercises_have_an_overview():
    page = Page(feedback_page([result(exercise="00_start_here"), result()], "BN", "14 March"))
    assert "BNFeedback for Ada LovelaceGraded 14 March" in page.text
    assert "Exercise 00: start here: 0 of 1 point" in page.text
    links = {a["href"] for a in page.all("a")}
    ids = {a["id"] for _, a in page.elements if "id" in a}
    assert {"#exercise-1", "#exercise-2", "#task-2-0"} <= links
    assert {link[1:] for link in links} <= ids


def test_a_broken_file_has_its_reason_and_what_to_do():
    blank = verdict(Status.NOT_STARTED)
    page = Page(feedback_page([result(blank, blank, failure="The file is empty.", tier="")]))
    assert "This submission could not be graded.The file is empty." in page.text
    assert "none of its 2 tasks" in page.text and "Open the notebook in JupyterLab" in page.text
    assert "not started" not in page.text and "Have a go" not in page.text


def test_notes_are_shown_and_flags_are_not():
    task = TaskResult(verdict(), 1.0, ("FLAG used torch",))
    one = replace(result(notes=("Cell 3 stopped.",), flags=("FLAG copied",)), tasks=(task,))
    page = feedback_page([one])
    assert "Cell 3 stopped." in page and "FLAG" not in page
    coded = feedback_page([result(notes=("`a<b` and `c`, one ` more",), personal="anybody")])
    assert "<code>a&lt;b</code> and <code>c</code>, one ` more" in coded
    assert "anybody" not in coded


def test_the_file_is_named_without_where_the_instructor_keeps_it():
    for source in ("/home/prof/in/ada/03_batch_norm.ipynb", r"C:\in\ada\03_batch_norm.ipynb"):
        page = Page(feedback_page([result(source=source, personal="ada l")]))
        assert "Your file: 03_batch_norm.ipynb." in page.text
        assert "prof" not in page.text and "C:" not in page.text
        assert "Personal numbers drawn for: ada l." in page.text


@pytest.mark.parametrize("text", HOSTILE)
def test_no_foreign_tag_or_attribute_comes_through(text):
    page = feedback_page([hostile_result(text)], course=text, when=text)
    read = Page(page)
    assert read.foreign == []
    assert read.style == Page(feedback_page([result()])).style
    if text and len(text) < 80:
        assert words(clean(text)) in read.text
    page.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)


def test_hostile_texts_leave_the_structure_as_it_is():
    plain = [tag for tag, _ in Page(feedback_page([hostile_result("plain")])).elements]
    for text in HOSTILE[:6]:
        assert [t for t, _ in Page(feedback_page([hostile_result(text)])).elements] == plain


def test_long_texts_are_cut_and_say_so():
    page = feedback_page([hostile_result(LONG)])
    assert len(page) < 60_000 and "more characters" in page
    many = verdict(Status.UNRECOGNISED, seen=tuple("abcdefghij" * 10))
    assert "… and 80 more lines" in feedback_page([result(many)])


def test_printed_colours_are_gone():
    page = Page(feedback_page([result(verdict(Status.UNRECOGNISED, printed=f"{RED} one\ntwo"))]))
    assert "You printedred onetwo" in page.text  # a heading and two lines, each an element


def test_headings_are_in_order():
    whole = class_of(12, exercises=("00", "03"))
    for one in whole:
        levels = Page(feedback_page([one, one])).headings
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))


def test_only_one_learners_results_make_a_page():
    with pytest.raises(ValueError, match="one learner"):
        feedback_page([result(), result(learner="ben")])
    with pytest.raises(ValueError, match="one learner"):
        feedback_page([])


def test_text_has_enough_contrast_on_its_ground():
    grounds = {"#ffffff", "#f2f6f9", "#f2f2f2"}
    used = set(re.findall(r"(?<![-\w])color:(#[0-9a-f]{6})", FEEDBACK + CLASS))
    used |= {colour for _, colour in panel.SIGN.values()}
    assert {"#1a1a1a", "#595959", "#00568a"} <= used
    for colour in used:
        for ground in grounds:
            assert contrast(colour, ground) >= 4.5, (colour, ground)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (Status.ERROR, "it names the line and the error"),
        (Status.UNREADABLE, "in the form that the exercise asks for"),
        (Status.NAMED, "Ask yourself"),
        (Status.UNRECOGNISED, "with a pencil"),
        (Status.UNFINISHED, "Fill in what is still empty"),
        (Status.NOT_STARTED, "Have a go"),
    ],
)
def test_what_to_do_next_fits_how_the_answer_was_found(status, says):
    right = verdict(Status.CORRECT, task="3.1")
    steps = next_steps(result(right, verdict(status, task="3.2"), verdict(status, task="3.3")))
    assert steps[0][0] == "3.2 and 3.3" and says in steps[0][1]
    assert steps[1][1].startswith('In your notebook, `check("3.2")`') and len(steps) == 2


def test_who_is_done_is_told_so():
    done = [verdict(Status.CORRECT), verdict(Status.RECORDED)]
    assert next_steps(result(*done)) == [
        ("", "Nothing is left to mend here. Go on."),
    ]
    assert next_steps(replace(result(), tasks=())) == []
