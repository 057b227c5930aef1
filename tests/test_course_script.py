"""course.py, run as learners run it, in a copy of the repository where pip is an actor.

The actor stands on PYTHONPATH, notes how it is called, and fails when told to, with lines that a
real pip wrote to its log in the same trouble.
"""

import ast
import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="plays the Linux set-up")

ACTOR = """
import json, os, pathlib, sys, sysconfig, time
def main(words):
    with open(os.environ["ACTOR_CALLS"], "a") as file:
        file.write(json.dumps(words) + "\\n")
    for word, log in json.loads(os.environ["ACTOR_PLAN"]).items():
        if word in words:
            pathlib.Path(words[words.index("--log") + 1]).write_text(log)
            time.sleep(60 if log == "sleep" else 0)
            sys.exit(1)
    for word in words:
        if word.startswith("torch=="):
            folder = "torch-%s.dist-info" % word[7:]
            folder = pathlib.Path(sysconfig.get_paths()["purelib"], folder)
            folder.mkdir()
            (folder / "METADATA").write_text("Name: torch\\nVersion: %s\\n" % word[7:])
if __name__ == "__main__":
    main(sys.argv[1:])
"""
HIDE = """
import os, sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in os.environ.get("ACTOR_HIDES", "").split():
            raise ImportError(name)
sys.meta_path.insert(0, Hide())
"""
ECHO = "import os, sys; print('STARTED', *sys.argv[1:], 'in', os.getcwd())"
SMALL, LARGE = "torch==2.13.0+cpu", "torch==2.13.0"
OPEN_FIRST = "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb"
ONLY_LARGE = (
    "T ERROR: Could not find a version that satisfies the requirement torch==2.13.0+cpu "
    "(from versions: 2.12.1, 2.13.0)\nT ERROR: No matching distribution found for " + SMALL
)
OFFLINE = (
    "T Could not fetch URL x: connection error: Max retries exceeded - skipping\nT ERROR: Could "
    "not find a version that satisfies the requirement torch==2.13.0+cpu (from versions: none)\n"
    "T ERROR: No matching distribution found for " + SMALL
)
FULL_DISK = "T ERROR: Could not install packages due to an OSError: [Errno 28] No space left on it"


class Course:
    """A copy of the files that course.py reads, and a way to run it there."""

    def __init__(self, folder):
        self.root = folder / "the course"
        self.calls_file = folder / "calls"
        actor = folder / "actor"
        for name in ("pip", "pytest", "jupyterlab"):
            (actor / name).mkdir(parents=True)
            (actor / name / "__init__.py").touch()
            (actor / name / "__main__.py").write_text(ACTOR if name == "pip" else ECHO)
        (actor / "sitecustomize.py").write_text(HIDE)
        self.root.mkdir()
        for name in ("course.py", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, self.root)
        self.marker = self.root / ".setup" / "unfinished"
        self.env = {
            **os.environ,
            "PYTHONPATH": str(actor),
            "ACTOR_CALLS": str(self.calls_file),
            "ACTOR_HIDES": "ensurepip",
            "ACTOR_PLAN": "{}",
            "BNCOURSE_DISK_GB": "0",
            "BNCOURSE_TORCH_INDEX": "",
        }

    def start(self, *words, fail=None, **options):
        env = {**self.env, "ACTOR_PLAN": json.dumps(fail or {})}
        command = [sys.executable, str(self.root / "course.py"), *words]
        options = {"stdin": subprocess.DEVNULL, **options}
        self.calls_file.write_text("")
        return subprocess.Popen(
            command,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **options,
        )

    def run(self, *words, **options):
        """Run one command; returns its exit code and all it printed."""
        process = self.start(*words, **options)
        text, _ = process.communicate(timeout=60)
        return process.returncode, text

    def asked(self):
        """What the last run wanted from pip: one text of requirements and indexes a call."""
        calls = [json.loads(line) for line in self.calls_file.read_text().splitlines()]
        wanted = re.compile(r"pip|torch==.*|\.(\[.*\])?|index:.*")
        return [" ".join(filter(wanted.fullmatch, words)) for words in calls]


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path)


@pytest.fixture(scope="module")
def after_lab(tmp_path_factory):
    """A folder where ``course.py lab`` has run once, and a copy of how it was then."""
    folder, kept = tmp_path_factory.mktemp("after_lab"), tmp_path_factory.mktemp("kept")
    code, text = Course(folder / "now").run("lab")
    assert code == 0, text
    shutil.copytree(folder / "now", kept / "now", symlinks=True)
    return folder / "now", kept / "now"


@pytest.fixture
def ready(after_lab):
    """A course after its first ``course.py lab``, at the place where that ran."""
    folder, kept = after_lab
    shutil.rmtree(folder)
    made = Course(folder)
    shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
    return made


@pytest.fixture
def script(course):
    """The script's functions, with the copy as their root."""
    names = runpy.run_path(str(course.root / "course.py"))
    (course.root / ".setup").mkdir()
    return names


def test_first_run_sets_up_in_steps_and_the_second_only_starts(course):
    code, text = course.run("test", "-k", "some words")
    assert code == 0
    assert re.findall(r"^\d/\d", text, re.MULTILINE) == ["1/3", "2/3", "3/3"]
    assert course.asked() == ["pip", SMALL, ".[test]"]
    started = f"STARTED -n auto --maxprocesses 4 -k some words in {course.root}\n"
    assert text.endswith(started)
    assert not course.marker.exists()
    assert course.run("test", "-k", "some words") == (0, started)
    assert course.asked() == []


def test_lab_needs_no_test_packages_and_opens_the_first_notebook_in_the_whole_course(ready):
    assert ready.asked() == ["pip", SMALL, "."]
    code, text = ready.run("lab", "--no-browser")
    assert code == 0 and ready.asked() == []
    assert f"--ServerApp.root_dir={ready.root} " in text
    assert ".ipynb" not in text
    first = ready.root / "notebooks" / "00_start_here.ipynb"
    first.parent.mkdir()
    first.touch()
    code, text = ready.run("lab", "--no-browser")
    assert text.startswith("STARTED") and f" {OPEN_FIRST} " in text
    assert text.endswith(f" --no-browser in {ready.root}\n")


def test_what_is_missing_is_added_in_place_and_nothing_is_taken_away(ready):
    mine = ready.root / ".venv" / "mine"
    mine.touch()
    ready.run("setup")
    assert ready.asked() == [".[instructor,test]"]
    ready.run("lab")
    assert ready.asked() == []
    assert mine.exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "asked"),
    [
        ("pyproject.toml", "line-length = 100", "line-length = 99", []),
        ("pyproject.toml", '"numpy>=2.0"', '"numpy>=2.1"', ["."]),
        ("constraints.txt", "\nnumpy==", "\nnumpy==1", ["."]),
    ],
    ids=["a tool's setting", "a dependency", "a pin"],
)
def test_changed_dependencies_are_brought_up_to_date(ready, file, old, new, asked):
    path = ready.root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    ready.run("lab")
    assert ready.asked() == asked


def test_a_killed_set_up_is_made_anew(course):
    process = course.start("lab", fail={SMALL: "sleep"})
    while SMALL not in course.calls_file.read_text():
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert course.marker.exists()
    half = course.root / ".venv" / "half"
    half.touch()
    code, text = course.run("lab")
    assert code == 0 and "was left unfinished: making a new one" in text
    assert course.asked() == ["pip", SMALL, "."]
    assert not half.exists() and not course.marker.exists()


def test_two_set_ups_do_not_write_into_one_environment(course):
    first = course.start("lab", fail={SMALL: "sleep"})
    while SMALL not in course.calls_file.read_text():
        time.sleep(0.02)
    first.kill()  # its pip lives on and still writes
    code, text = course.run("lab")
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert code == 1 and "still at work" in text
    assert course.asked() == []


@pytest.mark.parametrize("harm", ["its Python is gone", "the folder was moved"])
def test_an_environment_that_cannot_work_is_made_anew(ready, harm):
    if harm == "the folder was moved":
        ready.root = ready.root.rename(ready.root.with_name("elsewhere"))
    else:
        (ready.root / ".venv" / "bin" / "python").unlink()
    code, text = ready.run("lab")
    assert code == 0 and "does not run in this folder: making a new one" in text
    assert ready.asked() == ["pip", SMALL, "."]


def test_no_network_leaves_the_environment_as_it_is(course):
    code, text = course.run("lab", fail={SMALL: OFFLINE})
    assert code == 1
    assert "cannot be reached" in text and "graphics" not in text
    assert str(course.root / ".setup" / "pip.log") in text
    code, text = course.run("lab")
    assert code == 0
    assert course.asked() == [SMALL, "."], "goes on where it stopped"


def test_a_disk_that_fills_up_leads_to_a_new_environment(course):
    code, text = course.run("lab", fail={".": FULL_DISK})
    assert code == 1 and "disk is full" in text
    course.run("lab")
    assert course.asked()[0] == "pip"


def test_too_little_room_is_said_before_anything_is_written(course):
    course.env["BNCOURSE_DISK_GB"] = "1e9"
    code, text = course.run("lab")
    assert code == 1 and "too little room" in text and "1000000000.0 GB" in text
    assert not (course.root / ".venv").exists() and course.asked() == []


def test_neither_pip_nor_ensurepip(course):
    course.env["ACTOR_HIDES"] = "ensurepip pip"
    code, text = course.run("lab")
    assert code == 1 and "apt install python3-pip" in text
    assert "Traceback" not in text


def test_without_a_terminal_the_large_torch_is_taken_only_when_asked_for(course):
    code, text = course.run("lab", fail={SMALL: ONLY_LARGE})
    assert code == 1
    assert "BNCOURSE_TORCH_INDEX" in text and "--large-torch" in text
    assert course.asked() == ["pip", SMALL]
    code, text = course.run("lab", "--large-torch", "--no-browser", fail={SMALL: ONLY_LARGE})
    assert code == 0 and "--no-browser" in text and "--large-torch" not in text
    assert course.asked() == [LARGE, "."]
    course.run("test")
    assert course.asked() == [".[test]"], "the large build is not replaced"


def test_the_index_of_the_small_torch_is_asked_for_one_package_only_and_remembered(ready):
    (torch,) = ready.root.glob(".venv/lib/*/site-packages/torch-*.dist-info")
    for given in ("index://given", ""):
        shutil.rmtree(torch)
        ready.env["BNCOURSE_TORCH_INDEX"] = given
        ready.run("lab")
        assert ready.asked() == [SMALL + " index://given", "."]


@pytest.mark.parametrize(
    ("typed", "code", "last"),
    [
        ("what?\n2\n", 0, "."),
        ("3\n", 1, SMALL),
        ("get torch --index-url index://pasted\n3\n", 1, SMALL + " index://pasted"),
        ("\x04", 130, SMALL),
    ],
    ids=["large", "stop", "an index without it", "end of input"],
)
def test_at_a_terminal_the_learner_chooses(course, typed, code, last):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    got, text = course.run("lab", fail={SMALL: ONLY_LARGE}, stdin=theirs)
    os.close(ours)
    os.close(theirs)
    assert (got, course.asked()[-1]) == (code, last)
    assert ("at\nindex://pasted" in text) == ("pasted" in typed)
    assert (LARGE in course.asked()) == (code == 0)


@pytest.mark.parametrize(
    ("log", "words", "ending"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full", "harmed"),
        ("OSError: [Errno 30] Read-only file system: 'x'", "may not be written", "harmed"),
        ("OSError: [WinError 5] Access is denied: 'x'", "may not be written", "harmed"),
        ("connection error: HTTPSConnectionPool", "cannot be reached", "whole"),
        (
            "connection error: x\nERROR: ResolutionImpossible: for help",
            "cannot be reached",
            "whole",
        ),
        ("ERROR: ResolutionImpossible: for help", "not on offer", "whole"),
        ("SSLError(SSLCertVerificationError(1, 'x'))", "cannot be reached", "whole"),
        ("ReadTimeoutError: x: Read timed out.", "cannot be reached", "whole"),
        ("ERROR: No matching distribution found for numpy==9", "not on offer", "whole"),
        ("HINT: enable Windows Long Path support", "Long Path", "harmed"),
        # An index that is down is not the cause while another one answers.
        ("connection error: x\n" + ONLY_LARGE, "not on offer", "no CPU torch"),
    ],
)
def test_the_log_of_pip_becomes_one_cause(script, course, log, words, ending):
    (course.root / ".setup" / "pip.log").write_text(log)
    stop = script["explain"]()
    assert words in str(stop) and stop.ending == ending


def test_a_full_disk_is_seen_even_if_pip_could_not_log_it(script, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1e6))
    stop = script["explain"]()
    assert "is full" in str(stop) and stop.ending == "harmed"


@pytest.mark.parametrize(
    ("version", "system", "machine", "fits"),
    [
        ((3, 11), "linux", "x86_64", True),
        ((3, 14), "linux", "aarch64", True),
        ((3, 15), "linux", "x86_64", False),
        ((3, 12), "linux", "armv7l", False),
        ((3, 12), "darwin", "arm64", True),
        ((3, 12), "darwin", "x86_64", False),
        ((3, 12), "win32", "win-amd64", True),
        ((3, 12), "win32", "win-arm64", False),
    ],
)
def test_systems_without_a_torch_are_told_so(script, monkeypatch, version, system, machine, fits):
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.libc_ver", lambda: ("glibc", "2.36"))
    monkeypatch.setattr("sysconfig.get_platform", lambda: machine)
    if fits:
        assert script["check_platform"]("2.13.0") is None
    else:
        with pytest.raises(script["Stop"], match="has no build"):
            script["check_platform"]("2.13.0")


@pytest.mark.parametrize("words", [["lab"], ["--help"]])
def test_an_old_python_is_told_so(course, words):
    program = (
        "import runpy, sys; sys.version_info = (3, 8, 1, 'final', 0); sys.version = '3.8.1 (x)';"
        f"sys.argv = {['course.py', *words]!r}; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=course.root, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed; this is 3.8.1." in done.stdout


def test_the_script_uses_no_syntax_that_old_pythons_lack():
    nodes = list(ast.walk(ast.parse((ROOT / "course.py").read_text(encoding="ascii"))))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.Match)
    last_words = [node.args[-1] for node in nodes if isinstance(node, ast.Call) and node.args]
    for node in nodes:
        assert not isinstance(node, newer), ast.unparse(node)
        if isinstance(node, ast.Starred):
            assert node in last_words, "old Pythons take a star only on a call's last argument"
        if isinstance(node, ast.arguments):
            assert not (node.kwonlyargs or node.posonlyargs)
        if isinstance(node, ast.arg):
            assert not node.annotation
        if isinstance(node, ast.FunctionDef):
            assert not node.returns
        if isinstance(node, ast.Raise):
            assert not node.cause, "raise ... from ... came with Python 3"
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
            assert len(node.args) == 1 and not node.keywords


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["-h"], 0), ([], 2), (["lob"], 2)])
def test_help_lists_the_commands(course, words, code):
    got, text = course.run(*words)
    assert got == code
    for command in ("lab", "test", "setup"):
        assert f"course.py {command} " in text
    assert not (course.root / ".venv").exists()
