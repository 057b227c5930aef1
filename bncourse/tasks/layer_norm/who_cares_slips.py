"""Wrong beliefs about what a norm notices, each as the counts that it leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bncourse.grading.task import Misconception
from bncourse.tasks.layer_norm.who_cares_table import (
    DEEDS,
    RIGHT,
    batch_norm,
    layer_norm,
    rms_by_columns,
    rms_norm,
    rows_changed,
    stored,
)

# Of n rows: none, one, all but one, all.
COUNTS: dict[str, Callable[[int], int]] = {
    "0": lambda n: 0,
    "1": lambda n: 1,
    "n - 1": lambda n: n - 1,
    "n": lambda n: n,
}


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return in how many rows each norm's output changes, by running all of them."""
    return _by(p, **RIGHT)


def _by(p: Mapping, **norms: Callable) -> dict[str, np.ndarray]:
    """Return the counts of these norms, each under the name of the one it stands for."""
    counts = {name: rows_changed(p, norm) for name, norm in norms.items()}
    return {
        f"{deed}_{name}": np.asarray(float(counts[name][deed])) for deed in DEEDS for name in norms
    }


def _ran(key: str, says: str, asks: str, code: str = "M13", **norms: Callable) -> Misconception:
    """Return the misconception of who has another norm in mind."""
    return Misconception(key, says, asks, code, lambda p: _by(p, **norms))


def _told(cells: Mapping[str, str]) -> Callable[[Mapping], dict[str, np.ndarray]]:
    def counts(p: Mapping) -> dict[str, np.ndarray]:
        n = len(p["table"])
        return {name: np.asarray(float(COUNTS[count](n))) for name, count in cells.items()}

    return counts


def _belief(key: str, says: str, asks: str, code: str = "", **cells: str) -> list[Misconception]:
    """Return a belief about several cells, and about each of them alone."""
    whole = Misconception(key, says, asks, code, _told(cells))
    if len(cells) == 1:
        return [whole]
    return [
        whole,
        *(
            Misconception(
                f"{key}: {name}",
                f"{DEEDS[name.split('_')[0]].capitalize()}. {says}",
                asks,
                code,
                _told({name: count}),
            )
            for name, count in cells.items()
        ),
    ]


RUN = (
    _ran(
        "batch norm and layer norm exchanged",
        "Batch norm and layer norm have changed places. Batch norm has one mean for each unit, "
        "over the samples; layer norm has one for each sample, over the units.",
        "Which of the two could work with a single sample?",
        bn=layer_norm,
        ln=batch_norm,
    ),
    _ran(
        "batch norm by rows",
        "These are the counts of layer norm. Batch norm has one mean for each unit, over the "
        "samples.",
        "How many means does batch norm take of this table: one for each column, or for each row?",
        bn=layer_norm,
    ),
    _ran(
        "layer norm by columns",
        "These are the counts of batch norm. Layer norm has one mean for each sample, over its "
        "units.",
        "How many means does layer norm take of this table: one for each column, or for each row?",
        ln=batch_norm,
    ),
    _ran(
        "RMSNorm by columns",
        "RMSNorm divides each row by a size of its own, not each column.",
        "Could RMSNorm work with a single sample?",
        rms=rms_by_columns,
    ),
    _ran(
        "batch norm in evaluation mode",
        "These are the counts of evaluation mode, where the ruler is stored. In train mode each "
        "batch is its own ruler.",
        "Whose mean does batch norm subtract in train mode?",
        "M5",
        bn=stored,
    ),
    _ran(
        "a stored ruler for layer norm",
        "Layer norm stores no mean and no variance: it measures the row that it gets, in training "
        "and afterwards.",
        "A row is ten times larger. What happens to the standard deviation it is divided by?",
        "M5",
        ln=stored,
    ),
    _ran(
        "layer norm and RMSNorm exchanged",
        "Layer norm and RMSNorm have changed places. RMSNorm is the one without a mean.",
        "What does RMSNorm compute of a row, and what does it leave in?",
        "",
        ln=rms_norm,
        rms=layer_norm,
    ),
)

BELIEFS = (
    *_belief(
        "mates untouched",
        "Every sample has a say in the mean and the variance of each column. Where one of them "
        "changes or goes, all others are measured by another ruler.",
        "Of which numbers is the mean of a column made?",
        "M5",
        scaled_bn="1",
        shifted_bn="1",
        minus_bn="1",
        out_bn="0",
    ),
    *_belief(
        "only the mates",
        "All others are measured by another ruler, and the sample itself is, too: it stands "
        "elsewhere among them.",
        "Does the changed sample get the same x̂ as before?",
        "",
        scaled_bn="n - 1",
        shifted_bn="n - 1",
        minus_bn="n - 1",
    ),
    *_belief(
        "a sample's size is lost in batch norm",
        "Batch norm takes nothing away from a row as a whole. It measures each number against "
        "those of the other samples, column by column.",
        "A single row is ten times larger than all others. What does its x̂ look like?",
        "M13",
        scaled_bn="0",
        shifted_bn="0",
        minus_bn="0",
    ),
    *_belief(
        "columns alike",
        "What happens to a whole column alike is undone in batch norm: its mean and its standard "
        "deviation follow.",
        "All numbers of a column become k times larger. What becomes of its standard deviation?",
        "",
        unit_bn="n",
        bright_bn="n",
    ),
    *_belief(
        "layer norm looks at the mates",
        "Layer norm looks at one sample at a time. What happens to another one changes nothing.",
        "Of which numbers is the mean of one row made?",
        "M3",
        scaled_ln="n",
        shifted_ln="n",
        minus_ln="n",
        out_ln="n - 1",
    ),
    *_belief(
        "RMSNorm looks at the mates",
        "RMSNorm looks at one sample at a time. What happens to another one changes nothing.",
        "Of which numbers is the size of one row made?",
        "M3",
        scaled_rms="n",
        shifted_rms="n",
        minus_rms="n",
        out_rms="n - 1",
    ),
    *_belief(
        "a row's size kept",
        "A row is divided by its own size, whatever that is.",
        "A row is ten times larger. What happens to the number it is divided by?",
        "",
        scaled_ln="1",
        scaled_rms="1",
    ),
    *_belief(
        "layer norm keeps the mean",
        "Layer norm subtracts the mean of the row, and a number that was added to all of its "
        "units with it.",
        "1 is added to each unit of a row. What becomes of the mean of that row?",
        "",
        shifted_ln="1",
        bright_ln="n",
    ),
    *_belief(
        "RMSNorm removes the mean",
        "RMSNorm subtracts nothing. A number that is added to a row stays in it, and the row "
        "points elsewhere.",
        "What does RMSNorm make of (1, 1, 1, 1), and what layer norm?",
        "",
        shifted_rms="0",
        bright_rms="0",
    ),
    *_belief(
        "transposed in every way",
        "That one unit's weights may have any size is a property of batch norm. Here the units "
        "of a row share the ruler: one that grows pushes the others down.",
        "In (1, 2, 3, 4) the last number becomes 40. What becomes of the others' shares?",
        "M13",
        unit_ln="0",
        unit_rms="0",
    ),
    *_belief(
        "a sign taken for a size",
        "The row is divided by a size, which has no sign: −1 comes through.",
        "What does layer norm make of (1, 3), and what of (−1, −3)?",
        "",
        minus_ln="0",
        minus_rms="0",
    ),
    *_belief(
        "one unit of one row",
        "The unit changed in every sample, so in every row.",
        "How many rows does a column cross?",
        "",
        unit_ln="1",
        unit_rms="1",
    ),
    *_belief(
        "the one that is gone counted",
        "The sample that was left out is no row any more; only the rows that remain are counted.",
        "How many rows does the table have afterwards?",
        "",
        out_bn="n",
        out_ln="1",
        out_rms="1",
    ),
    Misconception(
        "nothing ever changes",
        "A norm does not undo whatever is done. It undoes what is done alike to all numbers that "
        "share its mean, and no more.",
        "Which numbers share a mean in each of the three norms?",
        "M13",
        _told(
            {
                "scaled_bn": "0",
                "shifted_bn": "0",
                "shifted_rms": "0",
                "unit_ln": "0",
                "unit_rms": "0",
                "out_bn": "0",
                "bright_rms": "0",
                "minus_bn": "0",
                "minus_ln": "0",
                "minus_rms": "0",
            }
        ),
    ),
    Misconception(
        "everything undone",
        "A norm does not undo every shift and every scale: only what is done alike to all numbers "
        "that share its mean.",
        "Which numbers share a mean in each of the three norms?",
        "M13",
        _told(
            {
                "scaled_bn": "0",
                "shifted_bn": "0",
                "shifted_rms": "0",
                "unit_ln": "0",
                "unit_rms": "0",
                "bright_rms": "0",
            }
        ),
    ),
)

MISCONCEPTIONS = RUN + BELIEFS
