"""What cannot be graded at all is said in a sentence that helps."""

import os

import pytest

from bncourse.grading.submissions import SubmissionsError, find_submissions


@pytest.mark.parametrize(
    "names, given, said",
    [
        ([], "missing", "There is no "),
        (["readme.txt"], ".", "There is no notebook (.ipynb) to grade in "),
        (["readme.txt"], "readme.txt", "is neither a folder nor a notebook (.ipynb) nor a zip"),
        (["ada/a.pdf", "bob/"], ".", "ada: No notebook (.ipynb) was handed in, only a.pdf."),
    ],
)
def test_nothing_to_grade(names, given, said, plant):
    with pytest.raises(SubmissionsError) as caught:
        find_submissions([plant(names) / given])
    assert said in str(caught.value)
    assert "Give a folder with one folder or one notebook per learner" in str(caught.value)


def test_no_path_at_all():
    with pytest.raises(SubmissionsError, match="No submissions were given"):
        find_submissions([])


def test_a_zip_that_is_none(plant):
    top = plant({"class.zip": b"PK but no zip"})
    for given in (top, top / "class.zip"):
        with pytest.raises(SubmissionsError, match="not a zip archive that can be opened"):
            find_submissions([given])


def test_a_folder_that_may_not_be_read(plant, monkeypatch):
    top, scandir = plant(["ada/x.ipynb", "bob/x.ipynb"]), os.scandir

    def refusing(path):
        if os.path.basename(path) in refused:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    refused = {"class"}
    with pytest.raises(SubmissionsError, match="cannot be opened: permission denied"):
        find_submissions([top])
    refused = {"bob"}
    ada, bob = find_submissions([top])
    assert (len(ada.files), bob.files) == (1, ())
    assert bob.notes[0] == "bob was skipped: it cannot be opened: permission denied."
