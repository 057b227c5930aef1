"""Lesson 10 in JupyterLab: every control of its figures, by keyboard alone."""

import pytest

from tests.browser.acts import changes, explain, press, says

pytestmark = pytest.mark.browser


def test_the_group_dial_of_lesson_10_turns_by_keyboard(open_notebook):
    lesson = open_notebook("notebooks/10_group_norm.ipynb")
    assert lesson.run_all() == []
    page, cell = lesson.page, lesson.cell("GroupDial(")

    def choose(*names):
        for name in names:
            button = cell.get_by_role("button", name=name, exact=True)
            changes(page, cell, lambda button=button: press(page, button))

    def turn(place, key):
        handle = cell.locator(".noUi-handle").nth(place)
        changes(page, cell, lambda: press(page, handle, key))

    assert cell.locator("[disabled]").count() > 0, "the figure is not locked"
    for choice in ("layer norm: G = 8, instance norm: G = 1", "between 8 and 4"):
        press(page, cell.get_by_role("button", name=choice, exact=True), "Space")
    lock = cell.get_by_role("button", name="Lock in my prediction")
    changes(page, cell, lambda: press(page, lock))
    cell.get_by_text("Locked in").wait_for()
    says(cell, "4 sets of 36")
    choose("BN")
    says(cell, "Another batch-mate changes x̂")
    choose("LN")
    says(cell, "144 numbers gamma and beta")
    choose("IN", "GN")
    turn(0, "Home")
    says(cell, "2 sets of 72, 16 numbers")
    turn(0, "End")
    says(cell, "16 sets of 9")
    turn(0, "ArrowLeft")
    says(cell, "8 sets of 18")
    turn(1, "ArrowRight")
    says(cell, "Reported with 16 images per GPU")
    turn(1, "End")
    says(cell, "BN 34.7 %")
    choose("Mark another number", "Reset")
    explain(page, cell)
    assert lesson.complaints == []
