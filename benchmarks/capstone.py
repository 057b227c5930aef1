"""What typical solutions of the capstone earn, marked as a hand-in is marked.

    python -m benchmarks.capstone [runs]

Prints for each kind of solution the points of every part, over several runs (new images, weights
and layers each time) or several learners (each with a patient of
their own); then the accuracies that the marks are anchored in.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path

import numpy as np

from bncourse.grade.notebook import Grader, Submitted
from bncourse.grading.sandbox.box import TIME_LIMIT, Sandbox
from bncourse.grading.served_layers import serve_layers
from bncourse.tasks.capstone import PARTS, layers_tried, sequence, shift, small_batches
from bncourse.tasks.capstone.patient import PARTS as CELLS
from bncourse.tasks.capstone.patient import faults_of, healthy, source
from bncourse.tasks.capstone.sequences import Found

EXERCISE = "11_capstone"
SOLUTION = Path(__file__).parents[1] / "solutions" / f"{EXERCISE}.ipynb"
NAMES = (
    *("ada", "bela", "chioma", "dmitri", "eun-ji", "fatima"),
    *("goran", "hana", "ines", "jun", "kofi", "lena"),
)
MEAN_AND_SD = """
def my_tests(make):
    y = make(4).forward(np.random.default_rng(0).normal(3, 2, (50, 4)))
    return bool(np.allclose(y.mean(0), 0, atol=1e-6) and np.allclose(y.std(0), 1, atol=1e-3))
"""
PLAIN = f"""{MEAN_AND_SD}
def small_batch_norm(num_features):
    return BatchNorm(num_features)
def shift_norm(num_features):
    return BatchNorm(num_features)
def sequence_norm(num_features):
    return StepNorm(num_features)
deployed = (BatchNorm, fold)
"""
NUMBERS = """
claims = {"norm": small_batch_norm, "batch_size": 32, "seeds": [1, 2, 3],
          "accuracies": [0.940, 0.893, 0.927], "tolerance": 0.03}
"""


ONE_LINERS = """
class ForSteps(LayerNorm):
    def forward(self, a, t):
        return super().forward(a)
def small_batch_norm(num_features):
    return LayerNorm(num_features)
def shift_norm(num_features):
    return LayerNorm(num_features)
def sequence_norm(num_features):
    return ForSteps(num_features)
"""


def notebook(*cells: str) -> bytes:
    """Return a notebook of code cells."""
    code = [
        {"cell_type": "code", "id": f"c{k}", "metadata": {}, "source": text, "outputs": [],
         "execution_count": None}
        for k, text in enumerate(("import numpy as np", *cells))
    ]  # fmt: skip
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def solution(_name: str) -> bytes:
    """The solution notebook as it is."""
    return SOLUTION.read_bytes()


def plain(_name: str) -> bytes:
    """Everything mended, batch norm everywhere, a test of mean and sd, nothing improved."""
    return notebook(*map(healthy, CELLS), PLAIN + NUMBERS)


def unmended(name: str) -> bytes:
    """The patient as it came, put into every part that asks for a layer."""
    return notebook(*(source(part, faults_of(name)) for part in CELLS), PLAIN)


def one_liners(name: str) -> bytes:
    """The patient as it came, with its layer norm in C.6, C.7 and C.8."""
    return notebook(*(source(part, faults_of(name)) for part in CELLS), PLAIN + ONE_LINERS)


def untouched(name: str) -> bytes:
    """The patient as it came, and nothing else."""
    return notebook(*(source(part, faults_of(name)) for part in CELLS))


KINDS: dict[str, Callable[[str], bytes]] = {
    "solution": solution, "plain batch norm": plain, "unmended": unmended, "untouched": untouched,
    "unmended, layer norm": one_liners,
}  # fmt: skip


def marked(grader: Grader, name: str, data: bytes) -> dict[str, float]:
    """Return the points of each part, their sum and the seconds that marking took."""
    begun = time.perf_counter()
    result = grader.grade(Submitted(name, name, EXERCISE, "", "", data))
    assert not result.failure, result.failure
    earned = {task.verdict.task: task.earned for task in result.tasks}
    parts = {part[0]: sum(earned[i] for i in ids) for part, ids in PARTS.items()}
    return parts | {"all": result.score, "seconds": time.perf_counter() - begun}


def anchors(runs: int) -> None:
    """Print what norms reach under each condition of A, R and Q: mean ± sd over the runs."""
    norms = {
        "layer norm": layers_tried.LayerNorm,
        "group norm, 8 in a group": layers_tried.groups_of_eight,
        "plain batch norm": layers_tried.BatchNorm,
        "recalibrated batch norm": layers_tried.Recalibrated,
        "no norm": layers_tried.Nothing,
    }
    steps = {
        "layer norm": layers_tried.LayerStep,
        "batch norm, gamma 1": layers_tried.StepNorm,
        "batch norm, gamma 0.5": partial(layers_tried.StepNorm, gamma=0.5),
        "no norm": layers_tried.Nothing,
    }
    heads = {
        small_batches: small_batches.SCALE.labels,
        shift: (*shift.SCALE.labels, *(f"{name}, before" for name in shift.SCALE.labels)),
        sequence: [field.name for field in fields(Found)],
    }  # fmt: skip
    for part, labels in heads.items():
        print(f"\n| {part.TASK.title} | " + " | ".join(labels) + " |")
        print("|" + "---|" * (len(labels) + 1))
        for name, norm in (steps if part is sequence else norms).items():
            drawn = [part.TASK.draw(100 + k)[0].args for k in range(runs)]
            found = np.array([serve_layers(part.TASK, norm)(*run)[0] for run in drawn])
            cells = zip(found.mean(0), found.std(0, ddof=1), strict=True)
            print(f"| {name} | " + " | ".join(f"{m:.3f} ± {s:.3f}" for m, s in cells) + " |")


def main(runs: int) -> None:
    """Print a table of means, and the range of the sums."""
    head = [re.match(r"\w", part)[0] for part in PARTS]
    print("| solution | " + " | ".join(head) + " | all | range | seconds |")
    print("|" + "---|" * (len(head) + 4))
    for kind, make in KINDS.items():
        found = []
        for k, name in enumerate(NAMES[:runs]):
            with Sandbox(4 * TIME_LIMIT) as box:  # a busy machine should not decide
                found.append(marked(Grader(box, f"run {k}", {}), name, make(name)))
        means = [statistics.mean(f[part] for f in found) for part in [*head, "all"]]
        sums = [f["all"] for f in found]
        told = " | ".join(f"{m:.1f}" for m in means)
        seconds = statistics.median(f["seconds"] for f in found)
        print(
            f"| {kind} | {told} | {min(sums):.1f} to {max(sums):.1f} | {seconds:.1f} |", flush=True
        )


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else len(NAMES)
    main(number)
    anchors(number)
