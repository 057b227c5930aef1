"""What a learner's process may read."""

import os
import sys

import pytest

from bncourse.grading.sandbox import readable as module
from bncourse.grading.sandbox.readable import library_folders, readable
from bncourse.grading.sandbox.root import all_may_read


def allowed(path, rules):
    path = os.path.realpath(path)
    return any(whole and (path == p or path.startswith(p + "/")) for p, whole in rules)


def test_python_and_its_libraries_and_nothing_of_the_course():
    rules = list(readable(library_folders()))
    import numpy

    assert allowed(numpy.__file__, rules) and allowed(os.__file__, rules)
    for path in (module.__file__, __file__, os.path.expanduser("~/x"), "/etc/passwd", "/proc/1"):
        assert not allowed(path, rules), path


def test_a_course_among_the_libraries_is_left_out(tmp_path, monkeypatch):
    libraries = tmp_path / "site-packages"
    for name in ("numpy", "bncourse", "bncourse-0.1.dist-info", "torch", "functorch"):
        (libraries / name).mkdir(parents=True)
    (libraries / "numpy" / "core.py").write_text("")
    (libraries / "bncourse" / "tasks.py").write_text("")
    monkeypatch.setattr(module, "PACKAGE", str(libraries / "bncourse"))
    rules = list(readable([str(libraries)], ["torch"]))
    assert allowed(libraries / "numpy" / "core.py", rules)
    assert allowed(libraries / "functorch", rules)
    for name in ("bncourse/tasks.py", "bncourse-0.1.dist-info", "torch"):
        assert not allowed(libraries / name, rules)
    assert (str(libraries), False) in rules, "its names may be listed, or nothing can be imported"


def test_a_standard_library_that_holds_the_libraries_is_taken_apart(tmp_path, monkeypatch):
    stdlib = tmp_path / "lib" / "python3.11"
    (stdlib / "site-packages" / "bncourse").mkdir(parents=True)
    (stdlib / "json").mkdir()
    monkeypatch.setattr(module, "PACKAGE", str(stdlib / "site-packages" / "bncourse"))
    monkeypatch.setattr(module, "standard_folders", lambda: [str(stdlib), str(tmp_path / "lib")])
    rules = list(readable([str(stdlib / "site-packages")]))
    assert allowed(stdlib / "json", rules)
    assert not allowed(stdlib / "site-packages" / "bncourse", rules)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_root_becomes_nobody_only_where_nobody_can_read(tmp_path):
    open_folder = tmp_path / "open"
    open_folder.mkdir(mode=0o755)
    (open_folder / "file").write_text("")
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            assert not all_may_read([str(open_folder)])
            break
    assert all_may_read(["/usr"])
    (open_folder / "file").chmod(0o600)
    assert not all_may_read([str(open_folder / "file")])
