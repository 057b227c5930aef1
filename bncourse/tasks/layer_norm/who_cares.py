"""9.1: what is done to a table, and which norms notice?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case
from bncourse.tasks.layer_norm.who_cares_ones import ONES
from bncourse.tasks.layer_norm.who_cares_slips import MISCONCEPTIONS, answers
from bncourse.tasks.layer_norm.who_cares_table import DEEDS, NORMS, clear, draw


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw a table of one's own on which each row changes plainly or not at all."""
    while True:
        p = draw(rng)
        if clear(p):
            return [Case("your table", (p,))]


def _question(p: Mapping) -> str:
    table = p["table"]
    head = "".join(f" unit {k} |" for k in range(1, table.shape[1] + 1))
    rows = "\n".join(
        f"| **sample {k}** |" + "".join(f" {value:g} |" for value in row)
        for k, row in enumerate(table, 1)
    )
    (scaled, factor), (shifted, number), (unit, times) = p["scaled"], p["shifted"], p["unit"]
    return (
        f"| |{head}\n|:--|{'--:|' * table.shape[1]}\n{rows}\n\n"
        "Batch norm (train mode), layer norm and RMSNorm get this table, each with gamma = 1, "
        "beta = 0 and eps = 0. Then **one** thing is done to the table, and the norms get it "
        "again:\n\n"
        f"- **A** sample {scaled + 1} is multiplied by {factor:g};\n"
        f"- **B** {number:g} is added to each unit of sample {shifted + 1};\n"
        f"- **C** unit {unit + 1} is multiplied by {times:g} in every sample;\n"
        f"- **D** sample {p['out'] + 1} is left out (count among the rows that remain);\n"
        f"- **E** {p['bright']:g} is added to every number of the table;\n"
        f"- **F** sample {p['minus'] + 1} is multiplied by −1.\n\n"
        f"In how many **rows** of its output does anything change: from 0 to {len(table)}?"
    )


FORM = Form(
    question=_question,
    fields=tuple(
        Number(f"{deed}_{norm}", f"{letter}, {words}: {called}", rtol=0, low=0)
        for letter, (deed, words) in zip("ABCDEF", DEEDS.items(), strict=True)
        for norm, called in NORMS.items()
    ),
)

TASK = form_task(
    FORM,
    id="9.1",
    title="who cares?",
    entry="who_cares",
    objective="Say what batch norm, layer norm and RMSNorm notice, and what they do not",
    minutes=10,
    params="table",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS + ONES,
    hints=(
        "For each norm, ring the numbers that share one mean: a column or a row. Which rings does "
        "the change touch?",
        "A ring that is not touched gives what it gave before. A ring in which all numbers are "
        "multiplied alike, or moved alike, may give the same as well: ask what is subtracted and "
        "what is divided by. RMSNorm subtracts nothing.",
        "An example that is not asked: one single number of the table is changed. Batch norm: its "
        "column is touched, which crosses all rows, so all change. Layer norm and RMSNorm: its "
        "row is touched, and its numbers no longer stand in the old proportions: 1. Go through A "
        "to F in that way.",
    ),
)
