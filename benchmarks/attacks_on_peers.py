"""The same attacks against nbgrader and otter-grader, in their notebooks and with their names.

Most forgeries run there as they are. Some know one tool's own files and classes; those stand here.
"""

import base64
import json
import textwrap
from collections.abc import Callable

import numpy as np

from benchmarks.grading import exercise
from benchmarks.grading.peer import Peer
from benchmarks.grading.questions import FORWARD
from tests.hostile.attack import Attack
from tests.hostile.making import WRONG_FORMS, Notebook, forward, returning, submission

ZEROS = "np.zeros_like(x)"

GRADEBOOK = """
import glob, os, sqlite3
for path in glob.glob("../../../gradebook.db"):
    with sqlite3.connect(path, timeout=30) as base:
        base.execute("create trigger if not exists mine after update on grade when "
                     "new.manual_score is null begin update grade set "
                     "needs_manual_grade = 0, manual_score = (select max_score from "
                     "grade_cells where id = new.cell_id) where id = new.id; end")
"""
SOURCES = """
import json
theirs = json.load(open("../../../source/ps/exercise.ipynb"))["cells"]
theirs = ["".join(cell["source"]) for cell in theirs]
def solve(name):
    exec(next(s for s in theirs if f"def {name}(" in s or f"\\n{name} = " in s), globals())
"""
RESULTS = """
from otter.test_files import abstract_test
made = abstract_test.TestCaseResult.__init__
def passed(self, test_case, message, passed):
    made(self, test_case, None, True)
abstract_test.TestCaseResult.__init__ = passed
"""
PICKLED = """
import pickle
dump = pickle.dump
def forged(results, file, *args):
    from otter.execute import Checker
    from otter.test_files import GradingResults
    for test in Checker.get_results():
        for result in test.test_case_results:
            result.passed, result.message = True, None
    results = GradingResults(Checker.get_results())
    BOMB
    dump(results, file, *args)
pickle.dump = forged
"""
BOMB = """class Bomb:
        def __reduce__(self):
            return eval, ("__import__('os').getpid()",)
    results.bomb = Bomb()"""
TESTS = """
import glob
for path in glob.glob("tests/*.py"):
    space = {}
    exec(open(path).read(), space)
    for suite in space["test"]["suites"]:
        for case in suite["cases"]:
            case["code"] = ">>> 1\\n1\\n"
    with open(path, "w") as file:
        file.write(f"OK_FORMAT = True\\ntest = {space['test']!r}\\n")
"""
FORGED_RESULTS = """
import json, os
for place in (".", "results", "../results", "../../results/learner", "results/learner"):
    try:
        with open(f"{place}/results.json", "w") as file:
            json.dump({"tests": [{"name": "by_hand", "score": 6, "max_score": 6}]}, file)
    except OSError:
        pass
os._exit(0)
"""
# Drawn numbers are all one constant, for which only the shift is left of batch norm.
CONSTANT = """
class Constant:
    def normal(self, loc=0.0, scale=1.0, size=None): return np.zeros(size or ())
    def uniform(self, low=0.0, high=1.0, size=None): return np.ones(size or ())
    def choice(self, values, size=None): return np.ones(size or ())
np.random.default_rng = lambda *args: Constant()
"""
SHIFT_ALONE = forward("""
    x_hat = x - x.mean(axis=0)
    inv_std = np.full(x.shape[1], 1 / np.sqrt(eps))
    if len(x) == 5 and x.shape[1] == 1:
        x_hat, inv_std = (x - 5) / np.sqrt(8 + eps), np.array([1 / np.sqrt(8 + eps)])
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}
""")


def _by_heart() -> Callable[[Notebook], bytes]:
    """The outputs of the fixed seeds' inputs, learned from a run with a right answer."""
    known: dict[str, list] = {}
    space: dict = {"np": np}
    exec(exercise.solved("batchnorm_forward"), space)
    right = space["batchnorm_forward"]

    def learn(x, gamma, beta, eps):
        y, cache = right(x, gamma, beta, eps)
        parts = [y, cache["x_hat"], cache["inv_std"]]
        known[x.tobytes().hex()[:64] + f"{eps:g}"] = [
            [str(p.dtype), p.shape, base64.b64encode(np.ascontiguousarray(p).tobytes()).decode()]
            for p in parts
        ]
        return y, cache

    space["batchnorm_forward"] = learn
    exec(FORWARD, space)
    answer = f"import base64\nknown = {json.dumps(known)}\n" + forward("""
        parts = [np.frombuffer(base64.b64decode(text), kind).reshape(shape)
                 for kind, shape, text in known[x.tobytes().hex()[:64] + f"{eps:g}"]]
        return parts[0], {"x_hat": parts[1], "inv_std": parts[2], "gamma": gamma}
    """)
    return submission(**WRONG_FORMS, batchnorm_forward=answer)


OWN: dict[tuple[str, str], Callable[[], Callable[[Notebook], bytes]]] = {
    ("nbgrader", "forged-gradebook"): lambda: returning(ZEROS, GRADEBOOK),
    ("nbgrader", "solutions"): lambda: submission(
        before=SOURCES, **{name: f"{name} = None\nsolve('{name}')" for name in exercise.MARKED}
    ),
    ("otter", "overwritten-grader"): lambda: returning(ZEROS, RESULTS),
    ("otter", "patched-writers"): lambda: returning(ZEROS, PICKLED.replace("    BOMB\n", "")),
    ("otter", "pickles"): lambda: returning(ZEROS, PICKLED.replace("BOMB", BOMB)),
    ("otter", "solutions"): lambda: returning(ZEROS, TESTS),
    ("otter", "forged-files"): lambda: submission(after=FORGED_RESULTS),
    ("nbgrader", "by-heart"): _by_heart,
    ("otter", "by-heart"): _by_heart,
    ("nbgrader", "constant-generator"): lambda: submission(
        before=CONSTANT, batchnorm_forward=SHIFT_ALONE, **WRONG_FORMS
    ),
    ("otter", "constant-generator"): lambda: submission(
        before=CONSTANT, batchnorm_forward=SHIFT_ALONE, **WRONG_FORMS
    ),
}


def handed_in(attack: Attack, peer: Peer) -> bytes:
    """The attack in this tool's own notebook, solved or not as it would be for us."""
    make = OWN.get((peer.name, attack.key), lambda: attack.make)()
    if attack.solved:
        notebook = json.loads(peer.write({name: exercise.solved(name) for name in exercise.MARKED}))
    else:
        notebook = json.loads(json.dumps(peer.released))
    for cell in notebook["cells"]:
        cell["source"] = textwrap.dedent("".join(cell["source"]))
    return make(notebook)
