"""The course as a learner meets it: JupyterLab in a browser, by keyboard alone."""

import json

import pytest

from bncourse.authoring.proof import typed_form
from bncourse.grading.learner import personal_seed
from bncourse.registry import find
from tests.browser.acts import changes, explain, predict, press, type_into

pytestmark = pytest.mark.browser

# The other lessons run in the tests of their figures.
NOTEBOOKS = [
    "notebooks/00_start_here.ipynb",
    "exercises/01_mini_batches.ipynb",
    "exercises/02_input_normalisation.ipynb",
    "exercises/03_batch_norm.ipynb",
    "exercises/04_backprop.ipynb",
    "exercises/05_inference.ipynb",
    "exercises/06_convolution.ipynb",
    "exercises/07_why_it_works.ipynb",
    "exercises/08_where_it_breaks.ipynb",
    "exercises/09_layer_norm.ipynb",
    "exercises/10_group_norm.ipynb",
]


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_every_cell_runs_and_the_page_stays_clean(open_notebook, path):
    notebook = open_notebook(path)
    assert notebook.run_all() == []
    assert notebook.complaints == []


@pytest.fixture
def lesson(open_notebook):
    notebook = open_notebook("notebooks/03_batch_norm.ipynb")
    assert notebook.run_all() == []
    return notebook


def test_the_figures_of_lesson_03_move_by_keyboard(lesson):
    page, cell = lesson.page, lesson.cell("FiveSamples()")
    predict(page, cell, "3", "they crowd together")
    for step in (1, 2, 3, 4):
        button = cell.get_by_role("button", name=f"STEP {step}")
        changes(page, cell, lambda button=button: press(page, button))
    for name in ("S5 = 109", "All equal", "Give the input back", "Reset"):
        button = cell.get_by_role("button", name=name)
        changes(page, cell, lambda button=button: press(page, button))
    press(page, cell.get_by_role("button", name="STEP 4"))
    for option in ("S1", "S2", "S3", "S4", "gamma", "beta", "log10 eps"):
        press(page, cell.get_by_role("button", name=option, exact=True))
        cell.locator(".widget-slider .widget-label", has_text=option).wait_for()
        handle = cell.locator(".noUi-handle")
        steps = 8 if option == "log10 eps" else 1
        changes(
            page, cell, lambda h=handle, n=steps: [press(page, h, "ArrowRight") for _ in range(n)]
        )
    box = cell.locator(".widget-text input[type=number]").last
    changes(page, cell, lambda: type_into(page, box, "0.5"))
    explain(page, cell)

    cell = lesson.cell("ScrubRun(record)")
    predict(page, cell, "40")
    for _ in range(3):
        changes(page, cell, lambda: press(page, cell.locator(".noUi-handle"), "ArrowRight"))
    for name in ("The end", "100 updates"):
        button = cell.get_by_role("button", name=name)
        changes(page, cell, lambda button=button: press(page, button))
    changes(page, cell, lambda: press(page, cell.get_by_role("button", name="Reset")))
    explain(page, cell)
    source = (
        "from bncourse.grading import progress as log\n"
        "import json; print(json.dumps(log.latest('prediction', 'five_samples')['payload']))"
    )
    lesson.write_and_run("my_guess = None", source)
    kept = json.loads(lesson.output("from bncourse.grading import progress as log"))
    assert kept == {"largest": 3.0, "others": "they crowd together"}
    assert lesson.complaints == []


@pytest.fixture
def exercise(open_notebook):
    notebook = open_notebook("exercises/03_batch_norm.ipynb")
    assert notebook.run_all() == []
    return notebook


def own_numbers(key):
    task = find(key)
    args = task.draw(personal_seed("anybody", task.id))[0].args
    return task, args[0], typed_form(task, task.reference(*args))


def fill(page, cell, task, values):
    for name, value in values.items():
        asks = task.form.field(name).asks
        if isinstance(value, str):
            group = cell.locator(".widget-vbox", has_text=asks).last
            press(page, group.get_by_role("button", name=f"{value})"), "Space")
        else:
            type_into(page, cell.get_by_label(asks, exact=True), f"{value:.6g}")


def verdict(page, cell):
    press(page, cell.get_by_role("button", name="Check", exact=True))
    panel = cell.locator(".bncourse-verdict")
    panel.wait_for()
    return panel.inner_text()


def test_plain_keys_in_a_form_are_no_commands_of_jupyterlab(exercise):
    page, cell = exercise.page, exercise.cell('ask("3.4")')
    cells = page.locator(".jp-Cell")
    before = cells.count()
    option = cell.get_by_role("button", name="b) fc1.bias")
    for key in ("b", "a", "x", "d", "d", "ArrowDown"):
        press(page, option, key)
        assert option.evaluate("e => e === document.activeElement"), key
    assert cells.count() == before
    press(page, option, "Escape")
    page.keyboard.press("ArrowDown")
    active = page.locator(".jp-Notebook-cell.jp-mod-active").inner_text()
    assert "head_count" in active


def test_numbers_in_a_form(exercise):
    page, cell = exercise.page, exercise.cell('ask("3.1")')
    task, p, right = own_numbers("3.1")
    fill(page, cell, task, right | {"variance": float(p["x"].var(ddof=1))})
    assert "N − 1" in verdict(page, cell)
    fill(page, cell, task, right)
    assert "correct" in verdict(page, cell)
    press(page, cell.locator("textarea"), "Control+A")
    kept = cell.locator("textarea").input_value()
    exercise.write_and_run("# Your answer\nby_hand", kept)
    assert "correct" in exercise.run('check("3.1")')


def test_lines_in_order(exercise):
    page, cell = exercise.page, exercise.cell('ask("3.2")')
    for name in "KDGECA":
        press(page, cell.locator(f'button[title="Add line {name}"]'))
    assert "newest batch" in verdict(page, cell)
    type_into(page, cell.get_by_label("Your order"), "K D H E C A")
    assert "correct" in verdict(page, cell)


def test_code_in_a_cell(exercise):
    wrong = """def batchnorm_forward(x, gamma, beta, eps=1e-5):
    mean, variance = x.mean(axis=0), x.var(axis=0, ddof=1)
    inv_std = 1 / np.sqrt(variance + eps)
    x_hat = (x - mean) * inv_std
    y = gamma * x_hat + beta
    return y, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}"""
    exercise.write_and_run("def batchnorm_forward", wrong)
    assert "divided by N − 1" in exercise.run("check(batchnorm_forward)")
    exercise.write_and_run("def batchnorm_forward", wrong.replace(", ddof=1", ""))
    assert "correct" in exercise.run("check(batchnorm_forward)")
    exercise.write_and_run("def batchnorm_forward", wrong.replace("variance + eps", "varianz"))
    shown = exercise.run("check(batchnorm_forward)")
    assert "your line 3" in shown and "varianz" in shown and "bncourse/" not in shown


def test_a_choice_with_confidence(exercise):
    page, cell = exercise.page, exercise.cell('ask("3.5b")')
    task, _, right = own_numbers("3.5b")
    fill(page, cell, task, right | {"what": "a"})
    press(page, cell.get_by_role("button", name="I am sure"), "Space")
    shown = verdict(page, cell)
    assert "removed in full" in shown and "I am sure" in shown
    fill(page, cell, task, {"what": right["what"]})
    assert "correct" in verdict(page, cell)


def test_reading_a_table(exercise):
    page, cell = exercise.page, exercise.cell('ask("3.6")')
    task, p, right = own_numbers("3.6")
    higher = "b" if p["after"].mean() > p["before"].mean() else "a"
    fill(page, cell, task, right | {"verdict": higher})
    assert "taken for a winner" in verdict(page, cell)
    fill(page, cell, task, right)
    assert "correct" in verdict(page, cell)


def test_hints_and_progress_in_the_notebook(exercise):
    exercise.write_and_run('check("3.1")', 'hint("3.1")')
    assert "five deviations" in exercise.output('hint("3.1")')
    assert "not started" in exercise.run('progress("batch_norm")')
