"""pyproject.toml, constraints.txt, environment.yml and course.py say the same."""

import importlib.metadata
import re
import runpy
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
REQUIREMENTS = [
    Requirement(text)
    for text in [*PROJECT["dependencies"], *(r for e in EXTRAS.values() for r in e)]
]


def constraint_lines():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def pins():
    """The constraints as {canonical name: version}."""
    return {
        canonicalize_name(name): Version(version)
        for name, version in (line.split("==") for line in constraint_lines())
    }


def torch_pin():
    (requirement,) = (r for r in REQUIREMENTS if r.name == "torch")
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return specifier.version


def test_a_constraint_is_one_release_that_every_system_has():
    """No markers and no local labels such as +cpu, which only some systems could find."""
    simple = re.compile(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*")
    assert [line for line in constraint_lines() if not simple.fullmatch(line)] == []


def test_no_package_is_constrained_twice():
    assert len(pins()) == len(constraint_lines())


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_each_dependency_is_pinned_within_its_bound(requirement):
    assert pins()[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.skipif(sys.platform != "linux", reason="the constraints are written on Linux")
def test_what_the_dependencies_need_is_pinned_too():
    waiting, seen = list(REQUIREMENTS), set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, frozenset(requirement.extras)) in seen:
            continue
        seen.add((name, frozenset(requirement.extras)))
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # an extra that is not installed here
        for need in map(Requirement, needs):
            extras = requirement.extras or {""}
            if not need.marker or any(need.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(need)
    graphics_card = ("nvidia-", "cuda-", "triton")  # only with torch's large build
    names = {name for name, _ in seen if not name.startswith(graphics_card)}
    assert names - set(pins()) == set()


def test_no_pin_asks_for_a_newer_python_than_the_course():
    """pip 23 searches for minutes, and then says nothing of use, where one does."""
    oldest = str(next(iter(SpecifierSet(PROJECT["requires-python"]))).version) + ".0"
    checked, too_new = 0, []
    for name, version in pins().items():
        try:
            installed = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # an extra that is not installed here
        if Version(installed.version).public != str(version):
            continue  # a newer release, in an environment that was made without the pins
        checked += 1
        if oldest not in SpecifierSet(installed.metadata.get("Requires-Python") or ""):
            too_new.append(f"{name}=={version}")
    assert checked and not too_new


def test_conda_gets_the_same_name_python_and_torch_and_leaves_the_rest_to_pip():
    listed = ENVIRONMENT["dependencies"]
    (by_pip,) = (entry["pip"] for entry in listed if isinstance(entry, dict))
    assert ENVIRONMENT["name"] == PROJECT["name"]
    assert sorted(entry for entry in listed if isinstance(entry, str)) == [
        "pip",
        "python" + PROJECT["requires-python"],
        "pytorch-cpu=" + torch_pin(),
    ]
    (editable,) = by_pip
    extra = re.fullmatch(r"-e \.\[(\w+)\]", editable)
    assert extra and extra[1] in EXTRAS


def test_the_set_up_script_knows_the_same_pythons_and_extras():
    script = runpy.run_path(str(ROOT / "course.py"))
    oldest, newest = ("{}.{}".format(*script[bound]) for bound in ("OLDEST", "NEWEST"))
    assert SpecifierSet(PROJECT["requires-python"]) == SpecifierSet(">=" + oldest)
    assert newest in SpecifierSet(PROJECT["requires-python"])
    assert set(script["EXTRAS"]["setup"]) == set(EXTRAS)
    assert set(script["EXTRAS"]["test"]) <= set(EXTRAS)
    assert script["EXTRAS"]["lab"] == []
    assert script["project"]()[0] == torch_pin()


def test_the_citation_names_this_version_and_these_licences():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"]
    assert " AND ".join(citation["license"]) == PROJECT["license"]
