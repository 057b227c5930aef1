"""`bncourse grade` on a class of attackers with some honest learners among them."""

import csv
import json
import subprocess
import sys
from unicodedata import category

import pytest

from tests.grading.report.reading import Page
from tests.hostile.everything import ATTACKS
from tests.hostile.making import ROOT, dump, solution

WORDS = ("hostile", "absurd", "odd-", "learner-is", "overwritten", "forged", "praise", "pickles",
         "printed", "names", "exit", "teeth", "stubs", "format", "truncated", "latin", "deep",
         "doubled", "answer-", "surrogates", "bytes-as-keys", "kill-group", "junk")  # fmt: skip
TURNING = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"  # the direction of what follows
HONEST = ("honest Ada", "honest Björn", "honest 陳")


@pytest.fixture(scope="module")
def chosen():
    return {a.key: a for a in ATTACKS if any(word in a.key for word in WORDS)}


@pytest.fixture(scope="module")
def graded(chosen, tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    files = {key: attack.file() for key, attack in chosen.items()}
    files |= {name: dump(solution()) for name in HONEST}
    for name, data in files.items():
        place = folder / "submissions" / name
        place.mkdir(parents=True)
        (place / "03_batch_norm.ipynb").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "bncourse", "grade", folder / "submissions", "-o", folder / "out",
         "--workers", "2", "--time-limit", "8"],
        capture_output=True, cwd=ROOT, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert b"\x1b" not in done.stdout
    return folder / "out"


def test_everybody_has_the_marks_that_are_theirs(chosen, graded):
    with (graded / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["learner"]: row for row in csv.DictReader(file)}
    assert rows.keys() == {*chosen, *HONEST}
    assert {float(rows[name]["score"]) for name in HONEST} == {6.0}
    marked = [task for task in next(iter(chosen.values())).honest if task != "3.6"]
    for key, attack in chosen.items():
        honest = {task: attack.honest[task] for task in marked if task in attack.honest}
        assert {task: float(rows[key][f"task {task}"]) for task in honest} == honest, key


def test_no_text_of_theirs_becomes_code_in_a_table(graded):
    for row in csv.reader((graded / "grades.csv").read_text("utf-8-sig").splitlines()):
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t")), cell
            assert not {sign for sign in cell if category(sign) == "Cc"} | {*TURNING} & {*cell}


def test_no_text_of_theirs_becomes_markup_in_a_page(graded):
    pages = [graded / "class.html", *(graded / "feedback").iterdir()]
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert Page(text).foreign == [], path.name
        assert "\x1b" not in text and "\0" not in text


def test_the_results_can_be_read_back(chosen, graded):
    kept = json.loads((graded / "grades.json").read_text(encoding="utf-8"))
    assert len(kept["results"]) == len(chosen) + len(HONEST)
