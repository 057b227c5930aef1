"""What importing costs, each time in a fresh interpreter."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bncourse

ROOT = Path(__file__).parent.parent
HEAVY = {"torch", "matplotlib", "ipywidgets", "sklearn", "IPython"}


def run(code):
    """Run code in a fresh interpreter at the repository's root and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def third_parties(statement):
    """Return the top-level packages that a statement loads, without the standard library."""
    code = f"""
import json, sys
before = set(sys.modules)
{statement}
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(loaded - set(sys.stdlib_module_names) - {{"bncourse"}})))
"""
    return set(json.loads(run(code)))


def test_the_package_loads_nothing_heavy():
    assert third_parties("import bncourse") == set()


@pytest.mark.parametrize("module", ["bncourse.layers", "bncourse.layers.batch_norm"])
def test_the_reference_layers_load_numpy_alone(module):
    assert third_parties(f"import {module}") <= {"numpy"}  # the package itself loads no module


def test_the_data_module_loads_scikit_learn_only_when_asked():
    assert third_parties("import bncourse.data") == {"numpy"}
    assert "sklearn" in third_parties("from bncourse.data import load_digits; load_digits()")


@pytest.mark.parametrize(
    "statement",
    [
        "from bncourse.registry import find; find('3.1'), find('C.1'), find('3.5b')",
        """
from pathlib import Path
from bncourse.grade.exercise import exercises, recognise
data = Path("solutions/03_batch_norm.ipynb").read_bytes()
assert recognise(data, "ada_03_batch_norm.ipynb", exercises()) == "03_batch_norm"
""",
    ],
)
def test_a_task_is_found_without_the_other_lessons(statement):
    lessons = "m.split('.')[2] for m in sys.modules if m.startswith('bncourse.tasks.')"
    code = f"import sys\n{statement}\nprint(sorted(set({lessons})))"
    assert "batch_norm" in run(code) and "layer_norm" not in run(code)


def test_checking_a_function_needs_no_widgets():
    assert not third_parties("from bncourse import check, hint, explain, progress") & HEAVY


@pytest.mark.parametrize(
    "first",
    [
        "pass",
        "import bncourse.check",
        "from bncourse import hint",
        "import bncourse.ask",
        "from bncourse import ask",
        "from bncourse import *",
    ],
)
def test_check_and_ask_stay_functions_whatever_was_loaded_first(first):
    printed = run(
        f"{first}\n"
        "from bncourse import check, ask\n"
        "import bncourse, sys\n"
        "for function in (check, bncourse.check): assert function.__module__ == 'bncourse.check'\n"
        "for function in (ask, bncourse.ask): assert function.__module__ == 'bncourse.ask'\n"
        "from bncourse.check import check as same\n"
        "assert same is check is sys.modules['bncourse.check'].check\n"
        "print('reached')"
    )
    assert printed == "reached\n"


@pytest.mark.parametrize("name", [n for n in bncourse.__all__ if n != "__version__"])
def test_every_name_on_offer_is_a_function(name):
    assert callable(getattr(bncourse, name))
    assert name in dir(bncourse)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="has no attribute 'chekc'"):
        _ = bncourse.chekc


def test_version_is_the_one_in_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert bncourse.__version__ == project["version"]
