"""10.3: read the tables of the group norm paper."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case
from bncourse.tasks.group_norm.table_two_slips import (
    CONCLUSIONS,
    ENDS,
    MISCONCEPTIONS,
    answers,
)
from bncourse.tasks.group_norm.tables import at_32, by_batch, by_groups
from bncourse.tasks.inference.apart import clashes

TENTHS = 0.04  # the tables have one digit behind the point
APART = {"growth": 0.11}


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw which columns are asked for, so that no two mistakes give the same number."""
    while True:
        p = {
            "gap": int(rng.choice([32, 16, 8, 4])),
            "small": int(rng.choice([2, 4])),
            "rival": str(rng.choice(["IN", "LN"])),
            "grown": int(rng.choice([8, 4, 2])),
            "row": str(rng.choice(["groups", "channels"])),
            "count": int(rng.choice([64, 16, 8, 4, 2])),
        }
        if not clashes(p, answers, MISCONCEPTIONS, _needed):
            return [Case("your columns", (p,))]


def _needed(name: str, a: float, b: float) -> float:
    return 0.5 if isinstance(FORM.field(name), Choice) else APART.get(name, 2.1 * TENTHS)


def _question(p: Mapping) -> str:
    row = {"groups": f"{p['count']} groups", "channels": f"{p['count']} channels in each group"}
    return (
        "Tables 2, 1 and 3 of Wu & He, *Group Normalization* (2018): the validation error in per "
        "cent of a ResNet-50 on ImageNet, trained on 8 devices. In the first table GN has 32 "
        "groups; the last one has 32 images on each device.\n\n"
        f"{by_batch()}\n\n{at_32()}\n\n{by_groups()}\n\n"
        f"**gap**: GN's error minus BN's, with **{p['gap']}** images on each device. **loses**: "
        f"BN's error with **{p['small']}** images minus **{p['rival']}**'s with 32. **growth**: "
        f"BN's error with **{p['grown']}** images, compared with its error with 32. **cost**: "
        f"the error of GN with **{row[p['row']]}** minus the smallest one of its row. Differences "
        "are in points (24.1 − 23.6 is 0.5), and the sign matters."
    )


FORM = Form(
    question=_question,
    fields=(
        Number("crossing", "The largest size at which GN's error is below BN's", 0),
        Number("gap", "gap: points, with its sign", 0, TENTHS),
        Number("widest", "How many points the two are apart at most", 0, TENTHS, low=0),
        Number("loses", "loses: points, with its sign", 0, TENTHS),
        Number("growth", "growth: by how many per cent of the error with 32 (to 0.1)", 0, 0.05),
        Number("cost", "cost: points", 0, TENTHS),
        Choice("ends", "One group, and one channel in each group: whose statistics?", ENDS),
        Choice("shown", "Of the listed, the tables show that …", CONCLUSIONS),
    ),
)

TASK = form_task(
    FORM,
    id="10.3",
    title="reading Table 2",
    entry="table_two",
    objective="Read from published tables when group norm helps, and by how much",
    minutes=8,
    params="columns",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Write a row of your own under the first table: GN minus BN. Where does its sign change, "
        "and where is it furthest from 0?",
        "A difference in points is one number minus another. A growth in per cent is that "
        "difference divided by the error that it started from, times 100. The last table has two "
        "rows that count different things: compare within one row only.",
        "Of another net: BN 20.0 with 32 images and 25.0 with 4, GN 21.0 with both. Then GN minus "
        "BN is + 1.0 and − 4.0, and BN's error grew by 5.0 points, which is 5.0 / 20.0 = 25 per "
        "cent. One group holds all channels of an image; one channel in a group holds no other.",
    ),
)
