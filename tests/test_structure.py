"""The house rules that a machine can see: floors, style, notebooks in their normal form."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bncourse.authoring.build import ROOT, build
from bncourse.authoring.cut import cut_solution, solution_lines
from bncourse.authoring.notebooks import dumps, normalise, read

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "solutions").glob("*.ipynb"))
EXERCISES = sorted((ROOT / "exercises").glob("*.ipynb"))
ALL = LESSONS + SOLUTIONS + EXERCISES
NAME = re.compile(r"\d\d_[a-z_]+\.ipynb$")


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_floors_hold():
    run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")


@pytest.mark.parametrize("words", [("check",), ("format", "--check")], ids=" ".join)
def test_the_style_holds(words):
    run(sys.executable, "-m", "ruff", *words, "--no-cache", ".")


def test_there_is_something_to_look_at():
    assert LESSONS and SOLUTIONS and EXERCISES


def test_exercises_are_what_the_solutions_make():
    changed = [str(path.relative_to(ROOT)) for path in build(write=False)]
    assert changed == [], "run: bncourse build"


@pytest.mark.parametrize("path", ALL, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_notebook_is_in_its_normal_form_and_small(path):
    text = path.read_text(encoding="utf-8")
    assert NAME.match(path.name)
    # Each interactive figure is saved with two or three frames, for readers without a kernel.
    assert len(text) <= 220_000, f"{len(text) // 1000} kB; 220 kB is the limit"
    outputs = path in LESSONS
    if path not in EXERCISES:
        assert dumps(normalise(read(path), outputs=outputs)) == text, "run: bncourse build and run"


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.name)
def test_a_lesson_is_saved_as_it_ran(path):
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output["output_type"] for cell in cells for output in cell["outputs"]}
    assert "error" not in kinds
    streams = [o for cell in cells for o in cell["outputs"] if o.get("name") == "stderr"]
    assert streams == []


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.name)
def test_a_lesson_asks_for_an_action_at_least_every_250_words(path):
    words = 0
    for cell in read(path)["cells"]:
        if cell["cell_type"] == "code":
            words = 0
            continue
        prose = re.sub(r"<details>.*?</details>|^\|.*$", "", cell["source"], flags=re.S | re.M)
        words += len(prose.split())
        assert words <= 250, cell["source"][:80]


@pytest.mark.parametrize("path", ALL, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_cells_are_short_and_end_without_a_semicolon(path):
    for cell in read(path)["cells"]:
        if cell["cell_type"] == "code":
            # A class that was solved is longer than what learners begin with.
            most = 60 if path in SOLUTIONS else 40
            assert len(cell["source"].splitlines()) <= most
            assert not cell["source"].rstrip().endswith(";"), "nbval does not honour it"


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda p: p.name)
def test_no_solution_leaks_into_its_exercise(path):
    exercise = (ROOT / "exercises" / path.name).read_text(encoding="utf-8")
    assert "SOLUTION" not in exercise
    cut, kept = set(), set()
    for cell in read(path)["cells"]:
        cut.update(solution_lines(cell["source"]))
        kept.update(line.strip() for line in cut_solution(cell["source"]).splitlines())
    shown = {
        line.strip()
        for cell in read(ROOT / "exercises" / path.name)["cells"]
        for line in cell["source"].splitlines()
    }
    assert len(cut - kept) >= 5
    assert shown <= kept and not shown & (cut - kept)


@pytest.mark.parametrize("path", ALL, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_every_task_that_a_notebook_names_exists(path):
    from bncourse.registry import find

    text = "\n".join(cell["source"] for cell in read(path)["cells"])
    for key in re.findall(r'\b(?:ask|check|hint)\("([^"]+)"\)', text):
        assert find(key)
    for entry in re.findall(r"^check\((\w+)\)", text, re.M):
        assert find(entry)


def test_the_readme_lists_every_lesson():
    table = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d\d) [^|]*\|[^|]*\|$", table, re.M)
    assert listed == [path.name[:2] for path in LESSONS]
    assert all(f"exercises/{path.name}" in table for path in EXERCISES if path.stem[:2] == "11")
