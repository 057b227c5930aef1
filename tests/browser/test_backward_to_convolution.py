"""Lessons 04 to 06 in JupyterLab: every control of their figures, by keyboard alone."""

import pytest

from tests.browser.acts import changes, explain, predict, press, says, type_into

pytestmark = pytest.mark.browser


def press_each(page, cell, *names):
    for name in names:
        button = cell.get_by_role("button", name=name, exact=True)
        changes(page, cell, lambda button=button: press(page, button))


def test_one_output_of_lesson_04_is_pushed_by_keyboard(open_notebook):
    lesson = open_notebook("notebooks/04_backprop.ipynb")
    assert lesson.run_all() == []
    page, cell = lesson.page, lesson.cell("PushOneOutput()")
    predict(page, cell, "0.2", "the same negative number for all four")
    press_each(page, cell, "+ through the mean", "+ through the variance (all)")
    says(cell, "dx = (0.141, -0.141, -0.071, 0, 0.071)")
    press_each(page, cell, "All equal")
    says(cell, "dx = (0, 0, 0, 0, 0)")
    press_each(page, cell, "dy = x_hat", "S3", "This sample only")
    says(cell, "dy = (0, 0, 1, 0, 0)")
    changes(page, cell, lambda: press(page, cell.locator(".noUi-handle"), "ArrowLeft"))
    box = cell.locator(".widget-text input[type=number]").last
    changes(page, cell, lambda: type_into(page, box, "-1"))
    press_each(page, cell, "Reset")
    explain(page, cell)
    assert lesson.complaints == []


def test_the_average_of_lesson_05_lags_by_keyboard(open_notebook):
    lesson = open_notebook("notebooks/05_inference.ipynb")
    assert lesson.run_all() == []
    page, cell = lesson.page, lesson.cell("LaggingAverage()")
    predict(page, cell, "50", "at about 10")
    press_each(page, cell, "Every batch 1, 3, 5, 7, 9")
    box = cell.locator(".widget-text input[type=number]").last
    changes(page, cell, lambda: type_into(page, box, "44"))
    says(cell, "4.95")
    for k in (0, 1):
        handle = cell.locator(".noUi-handle").nth(k)
        changes(page, cell, lambda handle=handle: press(page, handle, "ArrowRight"))
    press_each(page, cell, "Batches of 32", "Jump at 250, on or off", "Batches of 4")
    rule = cell.get_by_role("button", name="text 5: as Keras, of the sd")
    changes(page, cell, lambda: press(page, rule))
    press_each(page, cell, "Reset")
    explain(page, cell)
    assert lesson.complaints == []


def test_whose_average_of_lesson_06_is_shaded_by_keyboard(open_notebook):
    lesson = open_notebook("notebooks/06_convolution.ipynb")
    assert lesson.run_all() == []
    page, cell = lesson.page, lesson.cell("WhoseAverage()")
    press_each(page, cell, "all images", "all pixels")  # shading is part of the prediction
    predict(page, cell, "64", "its channel at its own pixel, in all images")
    press_each(page, cell, "per activation", "Move its image by a pixel")
    press_each(page, cell, "per channel (batch norm)")
    says(cell, "48")
    press_each(page, cell, "per image (instance norm)", "all channels", "its own pixel")
    press_each(page, cell, "Mark another", "Reset")
    explain(page, cell)
    assert lesson.complaints == []


def test_a_checker_is_graded_and_then_a_faulty_layer_is_shown_its_shortest_life(open_notebook):
    exercise = open_notebook("exercises/04_backprop.ipynb")
    assert exercise.run_all() == []
    assert "not started" in exercise.output("check(accepts)")
    exercise.write_and_run("def accepts(", "def accepts(backward):\n    return True")
    assert "it rejects 0 of 14 wrong versions" in exercise.run("check(accepts)")
    assert exercise.complaints == []
    exercise = open_notebook("exercises/05_inference.ipynb")
    assert exercise.run_all() == []
    source = exercise.page.evaluate(
        """() => [...window.jupyterapp.shell.currentWidget.content.widgets]
            .map(c => c.model.sharedModel.getSource()).find(s => s.includes('class BatchNorm1d'))"""
    )
    faulty = source.replace("        y = None\n", (
        "        if len(x) < 2 and self.training:\n            raise ValueError\n"
        "        self.running_mean = 0.9 * self.running_mean + 0.1 * x.mean(0)\n"
        "        y = self.gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + self.eps) + self.beta\n"
    )).replace("        state = None\n", "        state = vars(self)\n")  # fmt: skip
    faulty = faulty.replace(
        "np.zeros(num_features)\n",
        "np.zeros(num_features)\n"
        "        self.running_mean, self.running_var = self.beta * 0, self.gamma * 1\n",
        1,
    )
    exercise.write_and_run("class BatchNorm1d", faulty)
    shown = exercise.run("check(BatchNorm1d)")
    assert "layer = BatchNorm1d(1" in shown and "expected" in shown
