"""The capstone in JupyterLab: a patient is admitted into its cell, and stays there."""

import pytest

from bncourse.tasks.capstone.patient import faults_of, source

pytestmark = pytest.mark.browser

SOURCES = """() => [...window.jupyterapp.shell.currentWidget.content.widgets]
    .filter(c => c.model.type === 'code').map(c => c.model.sharedModel.getSource())"""


def press_run(page, text):
    """Run the cell with this text, which is another text afterwards."""
    page.evaluate(
        """async (text) => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = notebook.widgets.findIndex(c => c.model.type === 'code'
                && c.model.sharedModel.getSource().includes(text));
            await window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
        text,
    )


@pytest.fixture
def capstone(open_notebook):
    notebook = open_notebook("exercises/11_capstone.ipynb")
    yield notebook
    assert notebook.complaints == []


def test_a_patient_is_admitted_into_its_own_cell_and_can_be_mended_there(capstone):
    page = capstone.page
    capstone.run("import numpy as np")
    capstone.write_and_run('learner = ""', 'learner = "Ada"')
    before = page.evaluate(SOURCES)
    press_run(page, 'admit("batch_norm")')
    page.wait_for_function(f"() => ({SOURCES})().some(text => text.includes('class BatchNorm'))")
    after = page.evaluate(SOURCES)
    assert len(after) == len(before)
    place = next(k for k, text in enumerate(before) if 'admit("batch_norm")' in text)
    assert after[place].endswith(source("batch_norm", faults_of("ada")))
    assert [t for k, t in enumerate(after) if k != place] == [
        t for k, t in enumerate(before) if k != place
    ]
    capstone.run("class BatchNorm")
    assert "not yet" in capstone.run('check("C.1")')
    capstone.write_and_run("class BatchNorm", source("batch_norm"))
    assert "correct" in capstone.run('check("C.1")')
    card = capstone.run("score_card()")
    assert "11.0 of 25" in card and "grader" in card


def test_a_cell_that_holds_more_than_the_call_is_left_alone(capstone):
    page = capstone.page
    capstone.run("import numpy as np")
    capstone.write_and_run('learner = ""', 'learner = "Ada"')
    kept = 'admit("data")\nmine = 5'
    capstone.write_and_run('admit("data")', kept)
    assert "left alone" in capstone.output("mine = 5")
    assert kept in page.evaluate(SOURCES)
