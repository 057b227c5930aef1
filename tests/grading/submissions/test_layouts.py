"""Every layout that instructors get, as a folder and as the zip it came in."""

import os

import pytest

from bncourse.grading.submissions import find_submissions

EXERCISES = ("01_mini_batches", "03_batch_norm", "04_backprop")

# What lies in the folder or zip, and which notebooks each learner must come out with.
LAYOUTS = {
    "a folder per learner": (
        ["ada/03_batch_norm.ipynb", "bob/work/deep/03_batch_norm.ipynb", "bob/readme.txt", "eve/"],
        {"ada": ["03_batch_norm.ipynb"], "bob": ["work/deep/03_batch_norm.ipynb"], "eve": []},
    ),
    "numbered folders are learners": (
        ["01_ada/03_batch_norm.ipynb", "02_bob/03_batch_norm.ipynb"],
        {"01_ada": ["03_batch_norm.ipynb"], "02_bob": ["03_batch_norm.ipynb"]},
    ),
    "flat, by learner": (["ada.ipynb", "bob.ipynb"], {"ada": ["ada.ipynb"], "bob": ["bob.ipynb"]}),
    "flat, several exercises": (
        [
            "ada.ipynb",
            "ada_04_backprop-1.ipynb",
            "03_batch_norm_bob (1).ipynb",
            "bob_04_backprop-Copy1.ipynb",
            "grace_hopper_03_batch_norm.ipynb",
        ],
        {
            "ada": ["ada.ipynb", "ada_04_backprop-1.ipynb"],
            "bob": ["03_batch_norm_bob (1).ipynb", "bob_04_backprop-Copy1.ipynb"],
            "grace_hopper": ["grace_hopper_03_batch_norm.ipynb"],
        },
    ),
    "flat, beside folders and zips of learners": (
        ["ada.ipynb", "bob/03_batch_norm.ipynb", "data/values.csv"],
        {"ada": ["ada.ipynb"], "bob": ["03_batch_norm.ipynb"]},
    ),
    "the handout lies beside the learners": (
        ["03_batch_norm.ipynb", "ada/03_batch_norm.ipynb", "bob/03_batch_norm.ipynb"],
        {
            "03_batch_norm": ["03_batch_norm.ipynb"],
            "ada": ["03_batch_norm.ipynb"],
            "bob": ["03_batch_norm.ipynb"],
        },
    ),
    "Canvas": (
        [
            "lovelaceada_LATE_12345_678910_03_batch_norm-2.ipynb",
            "lovelaceada_LATE_12345_678911_04_backprop.ipynb",
            "o_brienconan_12346_678912_My work, final (2).ipynb",
            "smithjohn_7_20_03_batch_norm.ipynb",
            "smithjohn_8_21_03_batch_norm.ipynb",
        ],
        {
            "lovelaceada": ["03_batch_norm-2.ipynb", "04_backprop.ipynb"],
            "o_brienconan": ["My work, final (2).ipynb"],
            "smithjohn-7": ["03_batch_norm.ipynb"],
            "smithjohn-8": ["03_batch_norm.ipynb"],
        },
    ),
    "Canvas, anonymous": (
        ["anon_x7Kq_91_03_batch_norm.ipynb", "LATE_anon_b2_92_03_batch_norm.ipynb"],
        {"anon_b2": ["03_batch_norm.ipynb"], "anon_x7Kq": ["03_batch_norm.ipynb"]},
    ),
    "Canvas, with the handout put beside it": (
        ["03_batch_norm.ipynb", "byron_1_11_a.ipynb", "lovelaceada_2_12_a.ipynb", "late/b.ipynb"],
        {
            "03_batch_norm": ["03_batch_norm.ipynb"],
            "byron": ["a.ipynb"],
            "late": ["b.ipynb"],
            "lovelaceada": ["a.ipynb"],
        },
    ),
    "Moodle": (
        [
            "Ada Lovelace_123456_assignsubmission_file_/03_batch_norm.ipynb",
            "Ada Lovelace_123456_assignsubmission_onlinetext_/onlinetext.html",
            "Bob Müller_99_assignsubmission_file/sub/03_batch_norm.ipynb",
            "Eve_7_assignsubmission_onlinetext_/onlinetext.html",
        ],
        {
            "Ada Lovelace_123456": ["03_batch_norm.ipynb"],
            "Bob Müller_99": ["sub/03_batch_norm.ipynb"],
            "Eve_7": [],
        },
    ),
    "Moodle, flat": (
        [
            "Ada Lovelace_123456_assignsubmission_file_03_batch_norm.ipynb",
            "Ada Lovelace_123456_assignsubmission_file_04_backprop.ipynb",
            "Participant_4_assignsubmission_file_03_batch_norm.ipynb",
            "Default group_assignsubmission_file_03_batch_norm.ipynb",
        ],
        {
            "Ada Lovelace_123456": ["03_batch_norm.ipynb", "04_backprop.ipynb"],
            "Default group": ["03_batch_norm.ipynb"],
            "Participant_4": ["03_batch_norm.ipynb"],
        },
    ),
    "Gradescope": (
        [
            "assignment_123_export/submission_456/03_batch_norm.ipynb",
            "assignment_123_export/submission_457/my work/03_batch_norm.ipynb",
        ],
        {
            "submission_456": ["03_batch_norm.ipynb"],
            "submission_457": ["my work/03_batch_norm.ipynb"],
        },
    ),
    "nbgrader, the course": (
        [
            "nbgrader_config.py",
            "source/ps1/03_batch_norm.ipynb",
            "release/ps1/03_batch_norm.ipynb",
            "submitted/ada/ps1/03_batch_norm.ipynb",
            "submitted/ada/ps1/timestamp.txt",
            "submitted/bob/ps1/03_batch_norm.ipynb",
            "submitted/bob/ps2/04_backprop.ipynb",
            "autograded/ada/ps1/03_batch_norm.ipynb",
            "feedback/ada/ps1/03_batch_norm.html",
        ],
        {
            "ada": ["ps1/03_batch_norm.ipynb"],
            "bob": ["ps1/03_batch_norm.ipynb", "ps2/04_backprop.ipynb"],
        },
    ),
    "nbgrader, its submitted folder, one learner": (
        ["submitted/ada/ps1/03_batch_norm.ipynb"],
        {"ada": ["ps1/03_batch_norm.ipynb"]},
    ),
    "a folder per week": (
        ["week 3/ada/03_batch_norm.ipynb", "week 3/bob/a.ipynb", "week 4/ada/04_backprop.ipynb"],
        {"ada": ["03_batch_norm.ipynb", "04_backprop.ipynb"], "bob": ["a.ipynb"]},
    ),
    "a folder per exercise": (
        [
            "03_batch_norm/ada_03_batch_norm.ipynb",
            "03_batch_norm/bob_03_batch_norm.ipynb",
            "04_backprop/ada_04_backprop.ipynb",
        ],
        {
            "ada": ["ada_03_batch_norm.ipynb", "ada_04_backprop.ipynb"],
            "bob": ["bob_03_batch_norm.ipynb"],
        },
    ),
    "wrapped, by folder": (
        ["cs101/ada/03_batch_norm.ipynb", "cs101/bob/03_batch_norm.ipynb"],
        {"ada": ["03_batch_norm.ipynb"], "bob": ["03_batch_norm.ipynb"]},
    ),
    "wrapped, flat": (
        ["download/cs101/ada.ipynb", "download/cs101/bob.ipynb"],
        {"ada": ["ada.ipynb"], "bob": ["bob.ipynb"]},
    ),
    "tools' leftovers": (
        [
            "ada/03_batch_norm.ipynb",
            "ada/.ipynb_checkpoints/03_batch_norm-checkpoint.ipynb",
            "ada/._03_batch_norm.ipynb",
            "ada/.git/x.ipynb",
            "ada/myenv/pyvenv.cfg",
            "ada/myenv/share/x.ipynb",
            "ada/venv/x.ipynb",
            "__MACOSX/ada/._03_batch_norm.ipynb",
            "__MACOSX/x.ipynb",
            ".hidden/x.ipynb",
            "feedback/ada.ipynb",
            "out/grades.csv",
            "out/grades.json",
            "bob/03_batch_norm.ipynb",
        ],
        {"ada": ["03_batch_norm.ipynb"], "bob": ["03_batch_norm.ipynb"]},
    ),
    "browsers' endings": (
        ["ada/03_batch_norm.ipynb.txt", "bob/03_batch_norm.IPYNB", "eve.ipynb.json"],
        {
            "ada": ["03_batch_norm.ipynb.txt"],
            "bob": ["03_batch_norm.IPYNB"],
            "eve": ["eve.ipynb.json"],
        },
    ),
}


def seen(paths, exercises=EXERCISES):
    return {s.learner: [f.name for f in s.files] for s in find_submissions(paths, exercises)}


@pytest.mark.parametrize("how", ["folder", "zip", "a zip in a folder"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_learners_are_told_apart(layout, how, plant, pack):
    names, expected = LAYOUTS[layout]
    if how == "folder":
        where = plant(names)
    else:
        where = pack(names, "downloads/class.zip")
        where = where.parent if how == "a zip in a folder" else where
    assert seen([where]) == expected


def test_every_notebook_can_be_read_wherever_it_lies(plant, pack):
    names = {f"{who}/{who}.ipynb": who.encode() for who in ("ada", "bob")}
    for where in (plant(names), pack(names)):
        found = find_submissions([where])
        assert [s.files[0].read() for s in found] == [b"ada", b"bob"]
        assert all(s.files[0].modified > 0 for s in found)


def test_what_a_learning_platform_tells_is_kept(plant):
    canvas, late = find_submissions([plant(["a_1_3_x.ipynb", "b_LATE_2_4_x.ipynb"], "canvas")])
    assert (canvas.ids, canvas.notes) == ({"canvas": "1"}, ())
    assert (late.ids, late.notes) == ({"canvas": "2"}, ("It came in late, says Canvas.",))
    (anonymous,) = find_submissions([plant(["anon_a1_3_x.ipynb"], "anonymous")])
    assert anonymous.ids == {"canvas_anonymous": "a1"}
    moodle = find_submissions([plant(LAYOUTS["Moodle"][0], "moodle")])
    assert [s.name for s in moodle] == ["Ada Lovelace", "Bob Müller", "Eve"]
    assert moodle[0].ids == {"moodle": "123456"}
    assert moodle[0].notes == ("A text was typed in online.",)


def test_a_learner_without_a_notebook_is_told_so_and_what_was_there(plant):
    names = ["ada/03_batch_norm.ipynb", "bob/", "eve/hw.rar", "eve/a.pdf", "eve/b.pdf", "eve/c"]
    ada, bob, eve = find_submissions([plant(names)])
    assert ada.notes == ()
    assert (bob.files, bob.notes) == ((), ("No notebook (.ipynb) was handed in.",))
    (note,) = eve.notes
    assert note.startswith("No notebook (.ipynb) was handed in, only ") and "and 1 more" in note


def test_a_notebook_given_by_name_is_its_folders_or_its_own_learners(plant):
    top = plant(
        [
            "ada/03_batch_norm.ipynb",
            "bob/ps1/03_batch_norm.ipynb",
            "cy/03_batch_norm/03_batch_norm.ipynb",
            "eve.ipynb",
            "Zoë_5_assignsubmission_file_/03_batch_norm.ipynb",
        ]
    )
    paths = [*top.glob("*.ipynb"), *top.glob("*/*.ipynb"), *top.glob("*/*/*.ipynb")]
    assert seen(paths) == {
        "Zoë_5": ["03_batch_norm.ipynb"],
        "ada": ["03_batch_norm.ipynb"],
        "bob": ["03_batch_norm.ipynb"],
        "cy": ["03_batch_norm.ipynb"],
        "eve": ["eve.ipynb"],
    }
    assert seen([top / "ada/03_batch_norm.ipynb"]) == {"ada": ["03_batch_norm.ipynb"]}


def test_one_learners_folder_is_one_learner(plant):
    top = plant(["ada/03_batch_norm.ipynb", "ada/04_backprop.ipynb", "ada/old/draft.ipynb"])
    names = ["03_batch_norm.ipynb", "04_backprop.ipynb", "old/draft.ipynb"]
    assert seen([top / "ada"]) == {"ada": names}
    assert seen([top]) == {"ada": names}


@pytest.mark.parametrize(
    "names, expected",
    [
        (
            ["ada/my work.ipynb", "bob/my work.ipynb", "eve/", "out/grades.csv", "out/grades.json"],
            {"ada": ["my work.ipynb"], "bob": ["my work.ipynb"], "eve": []},
        ),
        (
            ["ada/q1.ipynb", "ada/q2.ipynb", "ada/q3.ipynb", "bob/q1.ipynb", "readme.txt"],
            {"ada": ["q1.ipynb", "q2.ipynb", "q3.ipynb"], "bob": ["q1.ipynb"]},
        ),
        (
            ["ada/p.ipynb", "ada/q.ipynb", "bob/r.ipynb"],
            {"ada": ["p.ipynb", "q.ipynb"], "bob": ["r.ipynb"]},
        ),
        (
            ["ada/deep/x.ipynb", "bob.ipynb", "feedback/ada.ipynb"],
            {"ada": ["deep/x.ipynb"], "bob": ["bob.ipynb"]},
        ),
        (
            ["monday/ada.ipynb", "monday/bob.ipynb", "monday/cy.ipynb", "friday/eve/x.ipynb"],
            {
                "ada": ["ada.ipynb"],
                "bob": ["bob.ipynb"],
                "cy": ["cy.ipynb"],
                "friday": ["eve/x.ipynb"],
            },
        ),
        (
            [
                "monday/ada/x.ipynb",
                "monday/bob/x.ipynb",
                "friday/eve/x.ipynb",
                "friday/flo/x.ipynb",
            ],
            {"ada": ["x.ipynb"], "bob": ["x.ipynb"], "eve": ["x.ipynb"], "flo": ["x.ipynb"]},
        ),
        (
            ["week 3/ada.ipynb", "week 4/ada_04_backprop.ipynb"],
            {"ada": ["ada.ipynb", "ada_04_backprop.ipynb"]},
        ),
        (
            ["submission_1/my work.ipynb", "submission_2/my work.ipynb"],
            {"submission_1": ["my work.ipynb"], "submission_2": ["my work.ipynb"]},
        ),
        (
            ["Ada_1_assignsubmission_file_/a.ipynb", "Bob_2_assignsubmission_file_/b.ipynb"],
            {"Ada_1": ["a.ipynb"], "Bob_2": ["b.ipynb"]},
        ),
    ],
)
def test_a_shells_star_means_the_folder_itself(names, expected, plant):
    top = plant(names)
    assert seen(list(top.iterdir())) == seen(sorted(top.iterdir())[::-1]) == expected


def test_the_container_of_gradescope_is_one_learner(plant):
    users = b'{"id": 4711, "users": [{"id": 1, "name": "Ada Lovelace", "email": "ada@x.org"}]}'
    top = plant(
        {
            "submission/my answer.ipynb": b"{}",
            "submission/more/again.ipynb": b"{}",
            "submission_metadata.json": users,
            "source/setup.sh": b"",
        },
        "autograder",
    )
    for given in (top, top / "submission"):
        (found,) = find_submissions([given])
        assert (found.learner, found.name) == ("submission_4711", "Ada Lovelace")
        assert found.ids == {"gradescope": "4711", "email": "ada@x.org"}
        assert [f.name for f in found.files] == ["more/again.ipynb", "my answer.ipynb"]
    (top / "submission_metadata.json").write_bytes(b"[[[")
    (found,) = find_submissions([top])
    assert len(found.files) == 2


def test_a_zip_per_learner(plant, pack):
    pack({"03_batch_norm.ipynb": b"ada's"}, "class/ada.zip")
    pack({"my folder/03_batch_norm.ipynb": b"bob's", "my folder/x.csv": b""}, "class/bob.zip")
    pack({"a.txt": b""}, "class/eve.zip")
    top = plant(["grace/x.txt"])
    pack({"04_backprop.ipynb": b"grace's"}, "class/grace/work.zip")
    (top / "mallory.zip").write_bytes(b"no zip at all")
    found = {s.learner: s for s in find_submissions([top], EXERCISES)}
    assert {who: [(f.name, f.read()) for f in s.files] for who, s in found.items()} == {
        "ada": [("ada.zip/03_batch_norm.ipynb", b"ada's")],
        "bob": [("bob.zip/my folder/03_batch_norm.ipynb", b"bob's")],
        "eve": [],
        "grace": [("work.zip/04_backprop.ipynb", b"grace's")],
        "mallory": [],
    }
    assert found["eve"].notes == ("No notebook (.ipynb) was handed in, only eve.zip, a.txt.",)
    assert "not a zip archive that can be opened" in found["mallory"].notes[0]
    one_by_one = {s.learner for s in find_submissions(sorted(top.glob("*.zip")), EXERCISES)}
    assert one_by_one == {"ada", "bob", "eve", "mallory"}
    assert [s.learner for s in find_submissions([top / "bob.zip"])] == ["bob"]


def test_what_only_looks_like_something_else_is_left_as_it_is(plant):
    # Not exercises' folders, though nothing is known of exercises.
    top = plant(["03_ada/03_batch_norm.ipynb", "04_bob/03_batch_norm.ipynb"], "numbered")
    assert set(seen([top], ())) == {"03_ada", "04_bob"}
    top = plant(["03_batch_norm/03_batch_norm.ipynb", "04_backprop/04_backprop.ipynb"], "ada")
    assert set(seen([top], ())) == set(seen([top])) == {"ada"}
    # Not from Canvas: the second number would be the file's, and no two files share one.
    top = plant(["ada_2024_10_x.ipynb", "bob_2024_10_x.ipynb"], "dates")
    assert [s.ids for s in find_submissions([top])] == [{}, {}]


def test_a_learners_zip_is_named_by_itself_or_by_its_folder(pack):
    lab = ["lab_1_2_intro.ipynb"]  # as if from Canvas
    paths = [pack(lab, "class/bob.zip"), pack(lab, "class/eve.zip")]
    assert seen(paths) == {
        "bob": ["bob.zip/lab_1_2_intro.ipynb"],
        "eve": ["eve.zip/lab_1_2_intro.ipynb"],
    }
    alone = pack(["03_batch_norm.ipynb"], "ada/submission.zip")
    assert seen([alone]) == {"ada": ["03_batch_norm.ipynb"]}
    alone = pack(["hw/03_batch_norm.ipynb"], "zoe/03_batch_norm.zip")
    assert seen([alone]) == {"zoe": ["03_batch_norm.zip/hw/03_batch_norm.ipynb"]}


def test_a_folder_named_by_a_platform_is_one_learners(plant):
    top = plant(["submission_7/my a.ipynb", "submission_7/my b.ipynb", "submission_8/c.ipynb"])
    assert seen([top / "submission_7"]) == {"submission_7": ["my a.ipynb", "my b.ipynb"]}
    top = plant(["Ada_1_assignsubmission_file_/a.ipynb", "Bob_2_assignsubmission_file_/b.ipynb"])
    assert seen([top / "Ada_1_assignsubmission_file_"]) == {"Ada_1": ["a.ipynb"]}


def test_a_zip_beside_the_notebook_it_was_made_of_adds_nothing(plant, pack):
    top = plant({"ada/03_batch_norm.ipynb": b"new"})
    pack({"03_batch_norm.ipynb": b"old", "04_backprop.ipynb": b"more"}, "class/ada/work.zip")
    (ada,) = find_submissions([top])
    assert [f.read() for f in ada.files] == [b"new", b"more"]
    assert "a notebook of the same name lies beside the zip" in ada.notes[0]


def test_what_is_given_twice_counts_once(plant, pack):
    top = plant(["ada/03_batch_norm.ipynb", "bob/03_batch_norm.ipynb", "eve/"])
    expected = {"ada": ["03_batch_norm.ipynb"], "bob": ["03_batch_norm.ipynb"], "eve": []}
    inner = top / "ada" / "03_batch_norm.ipynb"
    assert seen([top, top, str(top) + os.sep]) == expected
    assert seen([inner, top / "ada", top / "eve", top]) == expected
    pictures, sounds = top / "ada" / "pictures", top / "ada" / "sounds"
    for empty in (pictures, sounds):
        empty.mkdir()
    assert seen([pictures, sounds, top]) == expected
    (top.parent / "link").symlink_to(top)
    assert seen([top.parent / "link", top]) == expected
    archive = pack(["ada.ipynb", "bob.ipynb"])
    assert seen([archive, archive]) == {"ada": ["ada.ipynb"], "bob": ["bob.ipynb"]}


def test_one_learners_work_in_two_places_comes_together_unless_it_clashes(plant):
    third = plant(["ada/03_batch_norm.ipynb", "bob/03_batch_norm.ipynb"], "third")
    fourth = plant(["ada/04_backprop.ipynb", "bob/03_batch_norm.ipynb"], "fourth")
    found = seen([third, fourth])
    assert found == seen([fourth, third])
    assert found.pop("ada") == ["03_batch_norm.ipynb", "04_backprop.ipynb"]
    assert len(found) == 2 and all(name.startswith("bob-") for name in found)
    assert list(found.values()) == [["03_batch_norm.ipynb"], ["03_batch_norm.ipynb"]]


def test_names_are_composed_and_unique_where_case_is_ignored(plant, pack):
    decomposed = "A\u030angstro\u0308m"
    assert seen([plant([f"{decomposed}/x.ipynb", "bob/x.ipynb"])]) == {
        "Ångström": ["x.ipynb"],
        "bob": ["x.ipynb"],
    }
    found = seen([pack(["Ada/x.ipynb", "ada/x.ipynb", "bob/x.ipynb"])])
    assert len({name.casefold() for name in found}) == 3
    assert [name[:4] for name in found] == ["Ada-", "ada-", "bob"]
    # A learner's name does not depend on who else is there.
    assert set(seen([pack(["Ada/x.ipynb", "ada/x.ipynb", "zoe/x.ipynb"])])) >= set(found) - {"bob"}
