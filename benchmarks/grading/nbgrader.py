"""The exercise in nbgrader's form, and its two ways of grading: a learner at a time, or all."""

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from benchmarks.grading.exercise import cells, notebook
from benchmarks.grading.peer import Peer
from benchmarks.grading.questions import questions
from benchmarks.grading.supervise import USUAL

# No stub but what the answer cell itself says, as in the other tools' notebooks.
CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "course"
c.ClearSolutions.code_stub = {"python": ""}
"""
SCORES = """\
import json
from nbgrader.api import Gradebook
marks = {}
with Gradebook("sqlite:///gradebook.db") as book:
    for submission in book.assignment_submissions("ps"):
        grades = submission.notebooks[0].grades
        if any(grade.auto_score is None for grade in grades):
            continue
        found = marks[submission.student.id] = {}
        for grade in grades:
            entry = grade.name.rpartition("-")[0]
            found[entry] = found.get(entry, 0) + grade.score
print(json.dumps(marks))
"""


class Nbgrader(Peer):
    """nbgrader: tests are cells of the notebook, run in the learner's kernel."""

    name = "nbgrader"
    requirement = "nbgrader==0.9.6"
    modes = ("single", "batch")

    def make_template(self, folder: Path) -> None:
        """Write the source notebook and let nbgrader release it."""
        (folder / "nbgrader_config.py").write_text(CONFIG)
        source = folder / "source" / "ps"
        source.mkdir(parents=True)
        (source / "exercise.ipynb").write_text(json.dumps(self._source()))
        self.must([self.bin / "nbgrader", "generate_assignment", "ps"], folder)
        (folder / "submitted").mkdir()

    @cached_property
    def released(self) -> dict:
        """The notebook that learners get."""
        path = self.template / "release" / "ps" / "exercise.ipynb"
        return json.loads(path.read_text())

    def hand_in(self, folder: Path, notebooks: Mapping[str, bytes]) -> None:
        """Put each learner's notebook where nbgrader looks for it."""
        for learner, data in notebooks.items():
            place = folder / "submitted" / learner / "ps"
            place.mkdir(parents=True)
            (place / "exercise.ipynb").write_bytes(data)

    def commands(self, mode: str, learners: Iterable[str]) -> list[list]:
        """Return what an instructor would type."""
        autograde = [self.bin / "nbgrader", "autograde", "ps"]
        if mode == "batch":
            return [autograde]
        return [[*autograde, f"--student={learner}"] for learner in learners]

    def scores(self, folder: Path) -> dict[str, dict[str, float]]:
        """Read the gradebook; a notebook that was not finished has no marks, nor a broken book."""
        read = self.run([self.bin / "python", "-c", SCORES], folder, USUAL)
        if read.code:
            return {}
        kept = json.loads(read.output.splitlines()[-1])
        done = folder / "autograded"
        return {name: marks for name, marks in kept.items() if (done / name / "ps").exists()}

    def _source(self) -> dict:
        tests = {question.entry: question for question in questions()}
        made = []
        for cell in cells():
            if cell.kind == "markdown":
                made.append({"cell_type": "markdown", "source": cell.source})
                continue
            made.append({"cell_type": "code", "source": cell.source})
            if cell.kind == "answer":
                made[-1]["metadata"] = _marks(f"{cell.entry}-answer", solution=True)
            if cell.entry in tests:
                question = tests[cell.entry]
                made.append(_test(f"{cell.entry}-seen", 0, question.visible))
                for number, (points, test) in enumerate(question.hidden):
                    text = f"### BEGIN HIDDEN TESTS\n{test}### END HIDDEN TESTS"
                    made.append(_test(f"{cell.entry}-{number}", points, text))
        return notebook(made)


def _test(name: str, points: float, source: str) -> dict:
    metadata = _marks(name, grade=True, locked=True, points=points)
    return {"cell_type": "code", "source": source, "metadata": metadata}


def _marks(name: str, **kinds) -> dict:
    flags = {"grade": False, "solution": False, "locked": False, "task": False} | kinds
    return {"nbgrader": {"schema_version": 3, "grade_id": name, **flags}}
