"""Files are written whole or not at all, under names that stay in their folder."""

import os
import stat

import pytest

from bncourse.grading.report.files import page_name, write_text
from tests.grading.report.made_up import HOSTILE, SCRIPT


def test_text_is_written_as_it_is(tmp_path):
    target = tmp_path / "grades.csv"
    write_text(target, "\ufeffé\r\nb\n\ud800")
    assert target.read_bytes() == b"\xef\xbb\xbf\xc3\xa9\r\nb\n?"
    write_text(str(target), "again")
    assert target.read_text() == "again" and os.listdir(tmp_path) == ["grades.csv"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_permissions_are_what_the_umask_leaves(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "a.html", "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.html").stat().st_mode) == 0o666 & ~umask


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    target = tmp_path / "a.html"
    target.write_text("old")

    def fail(*_args):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="full"):
        write_text(target, "new")
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["a.html"]


def test_an_interrupt_leaves_no_draft(tmp_path, monkeypatch):
    def interrupt(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "a.html", "new")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_is_replaced_not_followed(tmp_path):
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "a.html").symlink_to(tmp_path / "precious")
    write_text(tmp_path / "a.html", "new")
    assert (tmp_path / "precious").read_text() == "kept"
    assert (tmp_path / "a.html").read_text() == "new"


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "none" / "a.html", "a")


@pytest.mark.parametrize("learner", [*HOSTILE, "con", "NUL.x", "..", ".", "a/b", "C:\\x", "~"])
def test_a_page_stays_in_its_folder(learner, tmp_path):
    name = page_name(learner)
    assert name.endswith(".html") and len(name.encode()) <= 255
    assert not set(name) & set('/\\:*?"<>|%#\n\x00') and not name.startswith((".", "-", "="))
    write_text(tmp_path / name, "page")
    assert os.listdir(tmp_path) == [name]


def test_each_learner_has_another_page():
    learners = {*HOSTILE, "ada", "Ada L", "a/b", "a_b", "a%b", "a?b", SCRIPT + " "}
    assert len({page_name(learner).casefold() for learner in learners}) == len(learners)
    assert page_name("ada") == "ada.html" and page_name("Chloé Ødegård") == "Chloé Ødegård.html"
