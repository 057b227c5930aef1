"""Folders in which links, pipes and devices lie in wait: nothing is followed, nothing blocks."""

import os
import pickle
import socket

import pytest

from bncourse.grading.submissions import Unreadable, files, find_submissions


def notes(top):
    return {s.learner: (len(s.files), s.notes) for s in find_submissions([top])}


LINK = "it is a link, and links are not followed"


def test_links_are_skipped_with_a_note_wherever_they_lead(plant, tmp_path):
    secret = plant({"secret.ipynb": b"secret"}, "elsewhere") / "secret.ipynb"
    top = plant(["ada/own.ipynb", "bob/", "eve/", "zoe/a/x.ipynb"])
    (top / "ada" / "again.ipynb").symlink_to("own.ipynb")
    (top / "ada" / "gone.ipynb").symlink_to("nowhere")
    (top / "bob" / "secret.ipynb").symlink_to(secret)
    (top / "eve" / "all").symlink_to(secret.parent)
    (top / "loop").symlink_to(top)
    (top / "zoe" / "a" / "up").symlink_to(top)
    found = notes(top)
    assert found["ada"] == (1, (f"2 files were skipped: {LINK} (again.ipynb, gone.ipynb).",))
    assert found["bob"][1][0] == f"secret.ipynb was skipped: {LINK}."
    assert found["eve"][1][0] == f"all was skipped: {LINK}."
    assert found["loop"][1][0] == f"loop was skipped: {LINK}."
    assert found["zoe"] == (1, (f"a/up was skipped: {LINK}.",))


def test_pipes_sockets_and_devices_are_never_opened(plant):
    top = plant(["ada/own.ipynb", "bob/own.ipynb"])
    os.mkfifo(top / "ada" / "pipe.ipynb")
    os.mkfifo(top / "pipe.zip")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(top / "ada" / "socket.ipynb"))
        found = notes(top)
    why = "it is not an ordinary file"
    assert found["ada"] == (1, (f"2 files were skipped: {why} (pipe.ipynb, socket.ipynb).",))
    assert found["pipe"][1][0] == f"pipe.zip was skipped: {why}."


@pytest.fixture(params=["step by step", "as on Windows"])
def both_ways(request, monkeypatch):
    monkeypatch.setattr(files, "_STEPWISE", request.param == "step by step")


def swap_for_link(path, target):
    path.unlink()
    path.symlink_to(target)


def swap_for_pipe(path, target):
    path.unlink()
    os.mkfifo(path)


def swap_for_folder(path, target):
    path.unlink()
    path.mkdir()


def swap_folder_for_link(path, target):
    path.parent.rename(path.parent.with_name("moved"))
    path.parent.symlink_to(target.parent)


def take_away(path, target):
    path.unlink()


@pytest.mark.parametrize(
    "change", [swap_for_link, swap_for_pipe, swap_for_folder, swap_folder_for_link, take_away]
)
def test_what_changes_after_the_listing_is_not_read(change, plant, both_ways):
    target = plant(["own.ipynb"], "elsewhere") / "own.ipynb"
    top = plant({"ada/own.ipynb": b"hers", "bob/own.ipynb": b"his"})
    ada, bob = find_submissions([top])
    change(top / "ada" / "own.ipynb", target)
    with pytest.raises(Unreadable):
        ada.files[0].read()
    assert bob.files[0].read() == b"his"


def test_the_path_that_was_given_may_be_a_link(plant, tmp_path, both_ways):
    plant({"ada/own.ipynb": b"hers"})
    (tmp_path / "link").symlink_to(tmp_path / "class")
    (ada,) = find_submissions([tmp_path / "link"])
    assert ada.files[0].read() == b"hers"


def test_reading_stops_at_the_limit(plant):
    (ada,) = find_submissions([plant({"ada/own.ipynb": b"x" * 1000})])
    assert len(ada.files[0].read(1000)) == 1000
    with pytest.raises(Unreadable, match="too large"):
        ada.files[0].read(999)


def test_a_file_that_grows_while_it_is_read_is_refused(plant, monkeypatch):
    top = plant({"ada/own.ipynb": b"x" * 1000})
    (ada,) = find_submissions([top])
    real = os.fstat

    class Small:
        def __init__(self, known):
            self.st_mode, self.st_size = known.st_mode, 10

    monkeypatch.setattr(files.os, "fstat", lambda handle: Small(real(handle)))
    with pytest.raises(Unreadable, match="still being written"):
        ada.files[0].read(100)


def test_names_with_anything_in_them_are_shown_on_one_line(plant):
    names = [b"a\nb.ipynb", b"\x1b[31mred.ipynb", b"caf\xe9.ipynb", "a\u202eb".encode() + b".ipynb"]
    top = plant(["ada/own.ipynb", "bob/own.ipynb"])
    for name in names:
        with open(os.path.join(os.fsencode(top / "ada"), name), "wb") as file:
            file.write(b"{}")
    ada, _ = find_submissions([top])
    assert [f.name for f in ada.files] == sorted(
        ["own.ipynb", "[31mred.ipynb", "a b.ipynb", "ab.ipynb", "caf\ufffd.ipynb"]
    )
    assert all(f.read() for f in ada.files)


def test_reserved_and_dangerous_learners_get_safe_names(plant):
    top = plant(["CON/x.ipynb", "-rf/x.ipynb", "=1+1/x.ipynb", "a:b/x.ipynb", "a?b/x.ipynb"])
    found = find_submissions([top])
    assert len(found) == 5
    names = {s.name: s.learner for s in found}
    assert (names["CON"], names["-rf"], names["=1+1"]) == ("CON_", "rf", "1+1")
    assert names["a:b"] != names["a?b"] and all(
        n[:4] == "a_b-" for n in (names["a:b"], names["a?b"])
    )


def test_a_very_deep_tree_is_left_alone(plant):
    top = plant(["ada/own.ipynb", "bob/own.ipynb"])
    deep = top / "ada"
    for _ in range(150):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "lost.ipynb").write_bytes(b"{}")
    count, told = notes(top)["ada"]
    assert count == 1 and "its folders lie too deep in one another" in told[0]


def test_very_many_files_are_not_all_looked_at(plant, monkeypatch):
    top = plant([f"ada/x{n:03}.ipynb" for n in range(60)] + [f"bob/{n}/x.txt" for n in range(60)])
    (top / "bob" / "x.ipynb").write_bytes(b"{}")
    found = notes(top)
    assert found["ada"][0] == 50
    assert found["ada"][1] == (
        "10 files were skipped: there are too many notebooks "
        "(x050.ipynb, x051.ipynb, x052.ipynb and 7 more).",
    )
    monkeypatch.setattr("bncourse.grading.submissions.tree.MAX_ENTRIES", 100)
    count, told = notes(top)["bob"]
    assert count == 1 and "there are too many files to look at all of them" in told[0]


def test_submissions_travel_to_other_processes(plant, pack):
    for where in (plant({"ada/x.ipynb": b"hers"}), pack({"ada/x.ipynb": b"hers"})):
        (found,) = pickle.loads(pickle.dumps(find_submissions([where])))
        assert found.files[0].read() == b"hers"
