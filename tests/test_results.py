"""Stored results: found by name, complete, and written so that they can be read again."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bncourse import results

ROOT = Path(__file__).parent.parent
STORED = sorted(path.stem for path in Path(results.__file__).parent.glob("*.json"))


def test_there_are_results():
    assert {"placement", "sigmoid_rates"} <= set(STORED)


@pytest.mark.parametrize("name", STORED)
def test_every_result_says_how_it_was_made(name):
    record = results.load(name)
    command = record["command"].split()
    assert command[:2] == ["python", "-m"]
    assert importlib.util.find_spec(command[2])
    assert {"python", "numpy", "torch"} <= set(record["versions"])


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(FileNotFoundError, match=r"no stored result 'placemnet'.*placement"):
        results.load("placemnet")


def test_what_is_stored_is_what_is_loaded(tmp_path):
    file = results.store("made_up", "python -m x", {"b": [1, 0.25], "a": None}, tmp_path)
    assert file == tmp_path / "made_up.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    assert record["command"] == "python -m x"
    assert record["versions"]["numpy"] == np.__version__
    assert (record["b"], record["a"]) == ([1, 0.25], None)


def test_numbers_json_does_not_know_are_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        results.store("made_up", "python -m x", {"a": float("inf")}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_loading_a_result_imports_nothing_heavy():
    code = (
        "import sys; from bncourse.results import load; load('placement');"
        "assert not {'torch', 'numpy', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
