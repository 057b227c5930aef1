"""The exercise in otter-grader's form, and its two ways of grading: otter run, or its API."""

import contextlib
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from benchmarks.grading.exercise import cells, notebook
from benchmarks.grading.peer import Peer
from benchmarks.grading.questions import questions
from bncourse.authoring.cut import BEGIN, END

CONFIG = """\
# ASSIGNMENT CONFIG
init_cell: true
export_cell: false
check_all_cell: false
"""
MOST = 10_000_000  # bytes of a results file that is still read
# One process for all: what an instructor's own script would do.
LOOP = """\
import json, sys
from pathlib import Path
from otter.api import grade_submission
for path in sys.argv[1:]:
    try:
        graded = grade_submission(path, "autograder.zip", quiet=True)
    except Exception as error:
        print(path, error, file=sys.stderr)
        continue
    marks = {name: file.score for name, file in graded.results.items()}
    Path("results", Path(path).stem, "marks.json").write_text(json.dumps(marks))
"""


class Otter(Peer):
    """otter-grader: tests are doctests, run in the learner's kernel."""

    name = "otter"
    requirement = "otter-grader==7.0.0"
    modes = ("run", "API loop")

    def make_template(self, folder: Path) -> None:
        """Write the master notebook and let otter make the learners' one and the autograder."""
        work = folder / "assign"
        work.mkdir()
        (work / "exercise.ipynb").write_text(json.dumps(self._source()))
        self.must([self.bin / "otter", "assign", "exercise.ipynb", "made"], work)
        made = next((work / "made" / "autograder").glob("*.zip"))
        (folder / "autograder.zip").write_bytes(made.read_bytes())
        (folder / "loop.py").write_text(LOOP)

    @cached_property
    def released(self) -> dict:
        """The notebook that learners get."""
        path = self.template / "assign" / "made" / "student" / "exercise.ipynb"
        return json.loads(path.read_text())

    def hand_in(self, folder: Path, notebooks: Mapping[str, bytes]) -> None:
        """Put the notebooks side by side, named by learner."""
        (folder / "submitted").mkdir()
        for learner, data in notebooks.items():
            (folder / "submitted" / f"{learner}.ipynb").write_bytes(data)
            (folder / "results" / learner).mkdir(parents=True)

    def commands(self, mode: str, learners: Iterable[str]) -> list[list]:
        """Return what an instructor would type."""
        files = {learner: f"submitted/{learner}.ipynb" for learner in learners}
        if mode == "API loop":
            return [[self.bin / "python", "loop.py", *files.values()]]
        return [
            [self.bin / "otter", "run", "-a", "autograder.zip", "--no-logo",
             "-o", f"results/{learner}", path]
            for learner, path in files.items()
        ]  # fmt: skip

    def scores(self, folder: Path) -> dict[str, dict[str, float]]:
        """Read the results; a learner without a readable file has no marks."""
        found = {}
        for path in (folder / "results").glob("*/*.json"):
            if path.is_symlink() or path.stat().st_size > MOST:
                continue
            with contextlib.suppress(ValueError, KeyError, TypeError):
                data = json.loads(path.read_text())
                if path.name == "results.json":
                    data = {t["name"]: t["score"] for t in data["tests"] if "score" in t}
                found[path.parent.name] = data
        return found

    def _source(self) -> dict:
        tests = {question.entry: question for question in questions()}
        made = [{"cell_type": "raw", "source": CONFIG}]
        for cell in cells():
            code = {"cell_type": "code", "source": cell.source}
            if cell.kind == "markdown":
                made.append({"cell_type": "markdown", "source": cell.source})
            elif cell.entry not in tests:
                made.append({**code, "source": cell.stub})
            else:
                question = tests[cell.entry]
                source = cell.source.replace(BEGIN, "# BEGIN SOLUTION NO PROMPT")
                made += [
                    _raw(f"# BEGIN QUESTION\nname: {cell.entry}\npoints: 1"),
                    _raw("# BEGIN SOLUTION"),
                    {**code, "source": source.replace(END, "# END SOLUTION")},
                    _raw("# END SOLUTION"),
                    _raw("# BEGIN TESTS"),
                    _test(False, 0, question.visible),
                    *(_test(True, points, test) for points, test in question.hidden),
                    _raw("# END TESTS"),
                    _raw("# END QUESTION"),
                ]
        return notebook(made)


def _raw(source: str) -> dict:
    return {"cell_type": "raw", "source": source}


def _test(hidden: bool, points: float, source: str) -> dict:
    head = f'""" # BEGIN TEST CONFIG\nhidden: {str(hidden).lower()}\npoints: {points}\n'
    return {"cell_type": "code", "source": head + f'""" # END TEST CONFIG\n{source}'}
