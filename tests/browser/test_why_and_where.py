"""Lessons 07 and 08 in JupyterLab: every control of their figures, by keyboard alone."""

import re

import pytest

from tests.browser.acts import changes, explain, predict, press, says, type_into

pytestmark = pytest.mark.browser


def press_each(page, cell, *names):
    for name in names:
        button = cell.get_by_role("button", name=name, exact=True)
        changes(page, cell, lambda button=button: press(page, button))


def move_each(page, cell, places, key):
    for place in places:
        handle = cell.locator(".noUi-handle").nth(place)
        changes(page, cell, lambda handle=handle: press(page, handle, key))


@pytest.fixture
def lesson_07(open_notebook):
    lesson = open_notebook("notebooks/07_why_it_works.ipynb")
    assert lesson.run_all() == []
    yield lesson
    assert lesson.complaints == []


def test_thirty_layers_of_lesson_07_are_changed_by_keyboard(lesson_07):
    page, cell = lesson_07.page, lesson_07.cell("ThirtyLayers()")
    predict(page, cell, "1", "stay about as large")
    says(cell, "per layer")
    press_each(page, cell, "Hold this net", "skips")
    says(cell, "the rest skips")
    press_each(page, cell, "no norm", "tanh", "linear", "layer norm", "batch norm", "no skips")
    move_each(page, cell, (0, 1), "ArrowLeft")
    press_each(page, cell, "Let it go", "Another random net", "Reset")
    explain(page, cell)


def test_the_ledger_of_lesson_07_is_searched_by_keyboard(lesson_07):
    page, cell = lesson_07.page, lesson_07.cell("ClaimsTable()")
    whole = cell.locator("tbody tr").count()
    box = cell.get_by_placeholder("words of a claim")
    type_into(page, box, "dropout")
    other = cell.locator("tbody tr", has_not_text=re.compile("dropout", re.IGNORECASE))
    other.first.wait_for(state="detached")
    assert 0 < cell.locator("tbody tr").count() < whole / 3
    type_into(page, box, "input")
    options = cell.locator("select").first.locator("option").all_text_contents()
    wrong = next(k for k, text in enumerate(options) if "wrong" in text)
    cell.locator("select").first.select_option(index=wrong)
    says(cell, "wrong")
    type_into(page, box, "no such words at all")
    page.wait_for_function("n => document.querySelectorAll('.bncourse-claims tbody tr').length < n",
                           arg=1)  # fmt: skip


def test_the_batch_of_lesson_08_shrinks_by_keyboard(open_notebook):
    lesson = open_notebook("notebooks/08_where_it_breaks.ipynb")
    assert lesson.run_all() == []
    page, cell = lesson.page, lesson.cell("ShrinkTheBatch(")
    move_each(page, cell, range(4), "ArrowRight")  # drawing the line is part of the prediction
    for choice in ("about where it was", "already at 64"):
        press(page, cell.get_by_role("button", name=choice, exact=True), "Space")
    press(page, cell.get_by_role("button", name="Lock in my prediction"))
    cell.get_by_text("Locked in").wait_for()
    handle = cell.locator(".noUi-handle").last
    changes(page, cell, lambda: press(page, handle, "ArrowLeft"))
    changes(page, cell, lambda: press(page, handle, "Home"))
    says(cell, "-1")
    press_each(page, cell, "sorted by class", "shuffled", "Reset")
    explain(page, cell)
    assert lesson.complaints == []
