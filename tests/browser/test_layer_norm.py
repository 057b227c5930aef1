"""Lesson 09 in JupyterLab: every control of its figure, by keyboard alone."""

import json

import pytest

from tests.browser.acts import changes, explain, press, says

pytestmark = pytest.mark.browser


def choose(page, cell, name):
    press(page, cell.get_by_role("button", name=name, exact=True))


def try_it(page, cell, *guesses):
    for guess in guesses:
        choose(page, cell, guess)
    button = cell.get_by_role("button", name="Try it", exact=True)
    changes(page, cell, lambda: press(page, button))


def test_the_table_of_lesson_09_is_turned_by_keyboard(open_notebook):
    lesson = open_notebook("notebooks/09_layer_norm.ipynb")
    assert lesson.run_all() == []
    page, cell = lesson.page, lesson.cell("TurnTheTable()")
    says(cell, "Predict for BN, LN and RMS")
    choose(page, cell, "BN changes")
    says(cell, "Predict for LN and RMS")
    choose(page, cell, "Try it")  # too early: nothing is told
    says(cell, "Predict for LN and RMS")
    try_it(page, cell, "LN changes", "LN stays", "RMS changes")
    says(cell, "BN: changes, 20 of 20 numbers in 5 of 5 rows")
    says(cell, "You predicted 2 of 3 right.")
    assert cell.locator("button", has_text="LN stays").is_disabled()
    for action in (
        *("all data × 10", "all data + 5", "all weights × 10", "all weights + 1"),
        *("weights of unit 3 × 10", "z of unit 3 + 5", "z of S2 + 5", "S5 left out", "S2 alone"),
    ):
        choose(page, cell, action)
        says(cell, "Predict for BN, LN and RMS")
        try_it(page, cell, "BN stays", "LN stays", "RMS stays")
    says(cell, "nothing is left of it but beta")
    says(cell, "of 30 in all")
    choose(page, cell, "S2 × 10")
    says(cell, "You predicted 2 of 3 right")
    button = cell.get_by_role("button", name="Reset", exact=True)
    changes(page, cell, lambda: press(page, button))
    says(cell, "Predict for BN, LN and RMS")
    explain(page, cell)
    source = (
        "from bncourse.grading import progress as log\n"
        "import json; print(json.dumps(log.latest('prediction', 'turn_the_table')['payload']))"
    )
    lesson.write_and_run("TurnTheTable()", source)
    kept = json.loads(lesson.output("from bncourse.grading import progress as log"))
    assert kept == {"action": "alone", "BN": "stays", "LN": "stays", "RMS": "stays"}
    assert lesson.complaints == []
