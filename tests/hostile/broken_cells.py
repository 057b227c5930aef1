"""Broken: notebooks whose cells were lost, moved, doubled, split or edited."""

import copy
import random

from tests.hostile.attack import FULL, broken, but
from tests.hostile.making import answer_cell, check_cells, code_cell, dump

ENTRIES = {
    "3.1": "by_hand",
    "3.2": "step_order",
    "3.3": "batchnorm_forward",
    "3.4": "head_count",
    "3.5": "undo_bn",
    "3.5b": "another_batch",
    "3.6": "before_after",
}
LAMBDA = "undo_bn = lambda x, eps: (np.sqrt(x.var(0) + eps), x.mean(0))"
OTHER_NAMES = "def undo_bn(X, e):\n    return np.sqrt(X.var(0) + e), X.mean(0)"


def cells(key, what, edit, **rest):
    """``edit`` changes the list of cells in place, or returns another."""

    def make(notebook):
        notebook["cells"] = edit(notebook["cells"], notebook) or notebook["cells"]
        return dump(notebook)

    return broken(key, what, make, **rest)


def without_checks(old, notebook):
    gone = check_cells(notebook)
    return [cell for n, cell in enumerate(old) if n not in gone]


def edited_checks(old, notebook):
    for n in check_cells(notebook):
        old[n]["source"] = "credit = 1.0\nassert True\nprint('all tests passed')"


def broken_checks(old, notebook):
    for n in check_cells(notebook):
        old[n]["source"] = "check(no_such_name)\nraise SystemExit"


def answer(number, change):
    def edit(old, notebook):
        cell = old[answer_cell(notebook, ENTRIES[number])]
        cell["source"] = change(cell["source"])

    return edit


def without_answer(number):
    def edit(old, notebook):
        del old[answer_cell(notebook, ENTRIES[number])]

    return edit


def kind(number, new):
    def edit(old, notebook):
        old[answer_cell(notebook, ENTRIES[number])]["cell_type"] = new

    return edit


def split(old, notebook):
    """The two halves of a form's cell in cells of their own."""
    place = answer_cell(notebook, "by_hand")
    first, second = old[place]["source"].split("### BEGIN", 1)
    old[place : place + 1] = [code_cell(first), code_cell("### BEGIN" + second)]


def merged(old, notebook):
    code = [cell["source"] for cell in old if cell["cell_type"] == "code"]
    return [code_cell("\n\n".join(code))]


def duplicated(old, notebook):
    place = answer_cell(notebook, "batchnorm_forward")
    old.insert(place + 1, copy.deepcopy(old[place]))


def with_earlier_try(old, notebook):
    place = answer_cell(notebook, "batchnorm_forward")
    old.insert(place, code_cell("def batchnorm_forward(x, gamma, beta, eps=1e-5):\n    return 1"))


def with_earlier_try_that_stopped(old, notebook):
    """Its cell misses a name; run again at the end, it would come after the answer."""
    place = answer_cell(notebook, "undo_bn")
    old.insert(place, code_cell("def undo_bn(x, eps):\n    return x[0], x[0]\nundo_bn(my_x, 1)"))


def with_learner_above(old, notebook):
    """A cell that misses a name, and names somebody else on the way."""
    old.insert(1, code_cell("learner = 'me'\nprint(not_yet_there)"))
    old.append(code_cell("not_yet_there = 1"))


def with_later_stub(old, notebook):
    from tests.hostile.making import exercise

    given = exercise()
    old.append(given["cells"][answer_cell(given, "batchnorm_forward")])


def shuffled(old, notebook):
    random.Random(3).shuffle(old)


ATTACKS = (
    cells("untouched", "control: the solved notebook", lambda old, notebook: None),
    cells("checks-deleted", "all check cells deleted", without_checks),
    cells("checks-edited", "check cells that say what their author likes", edited_checks),
    cells("checks-broken", "check cells that fail", broken_checks),
    cells("reversed", "all cells in reverse order", lambda old, notebook: old[::-1]),
    cells("shuffled", "all cells in another order", shuffled),
    cells("markdown-deleted", "all text deleted", lambda old, notebook: [
        cell for cell in old if cell["cell_type"] == "code"]),
    cells("notebook-doubled", "the whole notebook twice over", lambda old, notebook: old + old),
    cells("stopped-try", "an earlier try whose cell misses a name", with_earlier_try_that_stopped),
    cells("stopped-name", "an earlier name whose cell misses another", with_learner_above),
    cells("answer-doubled", "an answer cell twice", duplicated),
    cells("earlier-try", "an earlier try left above the answer", with_earlier_try),
    cells("later-stub", "the untouched stub pasted below the answer: the last one counts",
          with_later_stub, honest=but("3.3")),
    cells("answer-split", "an answer cell split in two", split),
    cells("all-in-one-cell", "everything in one cell", merged),
    cells("answer-deleted", "an answer cell deleted", without_answer("3.5"), honest=but("3.5")),
    cells("imports-deleted", "the cell with the imports deleted", lambda old, notebook: [
        cell for cell in old if not cell["source"].startswith("import numpy")]),
    cells("learner-deleted", "the cell with the learner's name deleted", lambda old, notebook: [
        cell for cell in old if not cell["source"].startswith("learner")],
        honest={task: FULL[task] for task in ("3.2", "3.3", "3.5")}),
    cells("answer-as-text", "an answer cell turned into text", kind("3.3", "markdown"),
          honest=but("3.3")),
    cells("answer-as-raw", "an answer cell turned into a raw cell", kind("3.1", "raw"),
          honest=but("3.1")),
    cells("function-renamed", "a function under another name",
          answer("3.5", lambda source: source.replace("undo_bn", "undo_batchnorm")),
          honest=but("3.5")),
    cells("form-renamed", "a form under another name",
          answer("3.4", lambda source: source.replace("head_count", "headcount")),
          honest=but("3.4")),
    cells("answer-commented-out", "an answer commented out",
          answer("3.5", lambda source: "# " + source.replace("\n", "\n# ")), honest=but("3.5")),
    cells("answer-indented", "an answer cell indented by accident",
          answer("3.5", lambda source: "    " + source.replace("\n", "\n    "))),
    cells("tabs", "an answer indented with tabs",
          answer("3.5", lambda source: source.replace("    ", "\t"))),
    cells("tabs-and-blanks", "an answer indented with both",
          answer("3.5", lambda source: source.replace("    gamma = np", "\tgamma = np")),
          honest=but("3.5")),
    cells("syntax-error", "an answer that is no Python",
          answer("3.3", lambda source: source.replace("axis=0)", "axis=0", 1)), honest=but("3.3")),
    cells("lambda", "a function written as a lambda",
          answer("3.5", lambda source: LAMBDA)),
    cells("other-argument-names", "arguments under other names",
          answer("3.5", lambda source: OTHER_NAMES)),
    cells("helper-below", "an answer that needs a helper from a cell below it",
          lambda old, notebook: answer("3.5", lambda source: "def undo_bn(x, eps):\n"
                                       "    return root(x, eps), x.mean(0)")(old, notebook)
          or [*old, code_cell("def root(x, eps):\n    return np.sqrt(x.var(0) + eps)")]),
)  # fmt: skip
