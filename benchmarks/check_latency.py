"""How long a learner waits for a verdict: check() for each task, right and wrong answers.

Run: python benchmarks/check_latency.py [rounds]
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import platform
import sys
import tempfile
import time
from itertools import combinations
from statistics import median

os.environ["BNCOURSE_HOME"] = tempfile.mkdtemp()

import numpy as np

from bncourse.authoring.proof import both, right_answers, wrong_answers
from bncourse.check import judge_answer
from bncourse.grading.learner import personal_seed
from bncourse.registry import all_tasks


def timed(task, value):
    start = time.perf_counter()
    text = judge_answer(task, value)._repr_mimebundle_()
    assert text["text/html"]
    return (time.perf_counter() - start) * 1e3


def unknown(*args):
    """A wrong answer that no bank knows: every misconception and every pair is tried."""
    return tuple(np.full((2, 2), 0.123) for _ in range(2))


def answers(task):
    cases = task.draw(personal_seed("anybody", task.id))
    yield "right", [value for _, value in right_answers(task, cases)]
    yield "named", [value for _, value in wrong_answers(task, cases)]
    slips = [m for m in task.misconceptions if m.switches]
    pairs = [
        both(task.switchboard, a, b)
        for a, b in combinations(slips, 2)
        if task.form is None and not a.switches.keys() & b.switches.keys()
    ]
    yield "two slips", pairs
    yield "unknown", [unknown] if task.form is None else []


def main(rounds):
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores;")
    print("milliseconds from the call to the finished panel, progress written to disk\n")
    print(f"{'task':<6}{'answer':<12}{'n':>6}{'median':>9}{'90 %':>9}{'max':>9}")
    every = []
    for task in all_tasks().values():
        for kind, values in answers(task):
            times = [timed(task, value) for _ in range(rounds) for value in values]
            if times:
                every += times
                high = np.percentile(times, 90)
                print(
                    f"{task.id:<6}{kind:<12}{len(times):>6}{median(times):>9.2f}"
                    f"{high:>9.2f}{max(times):>9.2f}"
                )
    print(f"\nall {len(every)}: median {median(every):.2f}, max {max(every):.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
