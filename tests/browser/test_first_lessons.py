"""Lessons 01 and 02 and their exercises in JupyterLab: every control, by keyboard alone."""

import pytest

from tests.browser.acts import changes, explain, predict, press, says, type_into

pytestmark = pytest.mark.browser


def test_the_deck_of_lesson_01_is_dealt_by_keyboard(open_notebook):
    lesson = open_notebook("notebooks/01_mini_batches.ipynb")
    assert lesson.run_all() == []
    page, cell = lesson.page, lesson.cell("DealTheDeck(")
    predict(page, cell, "2", "11")
    handle = cell.locator(".noUi-handle")
    for _ in range(2):
        changes(page, cell, lambda: press(page, handle, "ArrowRight"))
    says(cell, "Batch size 6")
    for name in ("drop what is left over", "keep what is left over", "Reshuffle", "Reset"):
        button = cell.get_by_role("button", name=name)
        if name.endswith("left over"):  # nothing is left over with 6, so size 5 first
            box = cell.locator(".widget-text input[type=number]").last
            type_into(page, box, "5")
        changes(page, cell, lambda button=button: press(page, button))
    box = cell.locator(".widget-text input[type=number]").last
    changes(page, cell, lambda: type_into(page, box, "11"))
    says(cell, "lesson 03 refuses")
    explain(page, cell)
    assert lesson.complaints == []


def test_the_rulers_of_lesson_02_move_by_keyboard(open_notebook):
    lesson = open_notebook("notebooks/02_input_normalisation.ipynb")
    assert lesson.run_all() == []
    page, cell = lesson.page, lesson.cell("TwoRulers()")
    predict(page, cell, "9", "about half of it")
    for name in ("Just too large", "Half the largest rate", "Just too large"):
        button = cell.get_by_role("button", name=name)
        changes(page, cell, lambda button=button: press(page, button))
    says(cell, "it diverges")
    for name in ("centred", "min-max", "whitened", "standardised"):
        button = cell.get_by_role("button", name=name, exact=True)
        changes(page, cell, lambda button=button: press(page, button))
    says(cell, "condition number 9;")
    says(cell, "after 19 steps")  # the rate has followed the bowl
    for k in (0, 1):
        handle = cell.locator(".noUi-handle").nth(k)
        changes(page, cell, lambda handle=handle: press(page, handle, "ArrowRight"))
    box = cell.locator(".widget-text input[type=number]").last
    changes(page, cell, lambda: type_into(page, box, "0.95"))
    says(cell, "condition number 39;")
    changes(page, cell, lambda: press(page, cell.get_by_role("button", name="Reset")))
    explain(page, cell)
    assert lesson.complaints == []


def test_code_to_mend_is_not_started_then_wrong_then_right(open_notebook):
    exercise = open_notebook("exercises/02_input_normalisation.ipynb")
    assert exercise.run_all() == []
    assert "not started" in exercise.output("check(predict_test)")
    source = exercise.page.evaluate(
        """() => [...window.jupyterapp.shell.currentWidget.content.widgets]
            .map(c => c.model.sharedModel.getSource()).find(s => s.includes('def predict_test'))"""
    )
    one = source.replace("    test = (test - test.mean(axis=0)) / test.std(axis=0)\n", "")
    both = one.replace("X.mean(", "X[:n_train].mean(").replace("X.std(", "X[:n_train].std(")
    for code, words in ((one, "Which rows may the ruler be made from?"), (both, "correct")):
        exercise.write_and_run("def predict_test", code)
        assert words in exercise.run("check(predict_test)")
    assert exercise.complaints == []
