"""The commands as instructors and learners give them."""

import base64
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from bncourse.cli import main
from tests.grade.conftest import NAME, data, notebook, with_answers


def command(*args):
    try:
        return main([str(a) for a in args])
    except SystemExit as stopped:
        return stopped.code


@pytest.fixture
def graded(class_folder, tmp_path):
    out = tmp_path / "out"
    assert command("grade", class_folder, "-o", out, "--workers", 1, "--time-limit", 2) == 0
    return out


def test_grade_says_what_it_did_and_low_marks_are_no_failure(class_folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert command("grade", class_folder, "-o", out, "--workers", 2) == 0
    said = capsys.readouterr()
    assert "4 submissions, 4 of them new or changed." in said.out
    assert "1 of them could not be read or are missing" in said.out
    assert "Isolation: " in said.out and "class.html" in said.out
    assert command("grade", class_folder, "-o", out) == 0
    said = capsys.readouterr()
    assert (
        "4 of 4 notebooks have not changed." in said.err and "0 of them new or changed" in said.out
    )


def test_replay_from_the_shell(graded, class_folder, capsys):
    capsys.readouterr()
    assert command("grade", class_folder, "-o", graded, "--replay") == 0
    assert capsys.readouterr().out.strip() == "28 verdicts came out as recorded, 0 did not."
    assert command("grade", class_folder, "-o", graded, "--replay", "cyd:3.5") == 0
    said = capsys.readouterr().out
    assert said.startswith("◆ 3.5") and "1 verdicts came out as recorded" in said
    book = with_answers({"learner": 'learner = "cyd"'}, notebook())
    (class_folder / "cyd" / f"{NAME}.ipynb").write_bytes(data(book))
    assert command("grade", class_folder, "-o", graded, "--replay", "cyd") == 1
    assert "recorded\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["nowhere"], "nowhere"),
        (["{class}", "--exercise", "99"], "there is no exercise '99'"),
        (["{class}", "-o", "{class}/ada/03_batch_norm.ipynb"], ""),
        (["{class}", "--replay", "-o", "{tmp}/never"], "grades.json"),
        (["{class}", "--time-limit", "0"], "between 0.1 and 3600"),
        (["{class}", "--isolation", "process", "--require-isolation", "landlock"], "is less than"),
        (["{class}", "--workers", "0"], "between 1 and 256"),
        (["{class}", "--cluster", "tcp://127.0.0.1:1", "-o", "{tmp}/c"], "127.0.0.1"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(class_folder, tmp_path, capsys, args, says):
    args = [a.format_map({"class": class_folder, "tmp": tmp_path}) for a in args]
    assert command("grade", *args) == 2
    said = capsys.readouterr().err
    assert says in said and "Traceback" not in said
    assert (class_folder / "ada" / f"{NAME}.ipynb").stat().st_size > 10_000, "nothing is lost"


def test_less_isolation_than_required_is_refused(class_folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr("bncourse.grading.sandbox.landlock.version", lambda: 0)
    args = ["grade", class_folder, "-o", tmp_path / "out", "--workers", 1]
    assert command(*args, "--require-isolation", "landlock") == 2
    assert "landlock" in capsys.readouterr().err
    assert command(*args) == 0
    assert "which can do to your files" in capsys.readouterr().out


def test_check_marks_one_notebook(class_folder, tmp_path, capsys):
    place = class_folder / "ada" / f"{NAME}.ipynb"
    assert command("check", place) == 0
    said = capsys.readouterr().out
    assert "✓ 3.3 the forward pass: correct" in said and f"{NAME}: 6 of 6 points" in said
    assert command("check", class_folder / "cyd" / f"{NAME}.ipynb", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["score"] == 0 and told["out_of"] == 6
    assert command("check", class_folder / "dan" / f"{NAME}.ipynb") == 1
    assert "cut short" in capsys.readouterr().out
    unknown = tmp_path / "unknown.ipynb"
    unknown.write_text("{}")
    assert command("check", tmp_path / "nowhere.ipynb") == 2
    assert "nowhere.ipynb" in capsys.readouterr().err


def test_nothing_that_a_learner_writes_reaches_the_terminal_raw(tmp_path, capsys):
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
    book = with_answers({
        "learner": f"learner = {evil!r}",
        "undo_bn": f"def undo_bn(x, eps):\n    print({evil!r})\n    raise ValueError({evil!r})",
    })  # fmt: skip
    book["cells"].append({"cell_type": "code", "source": f"raise ValueError({evil!r})"})
    place = tmp_path / f"{NAME}.ipynb"
    place.write_bytes(data(book))
    assert command("check", place) == 1
    said = capsys.readouterr()
    assert not set("\x1b\x9b\x07\u202e") & set(said.out + said.err)


def test_exports(graded, tmp_path, capsysbinary):
    capsysbinary.readouterr()
    assert command("export", "nbgrader", graded) == 0
    rows = list(csv.DictReader(io.StringIO(capsysbinary.readouterr().out.decode())))
    assert [(r["student_id"], float(r["score"])) for r in rows] == [
        ("ada", 6), ("bob", 0), ("cyd", 0), ("dan", 0),
    ]  # fmt: skip
    assert (
        command("export", "gradescope", graded, "--learner", "ada", "-o", tmp_path / "r.json") == 0
    )
    assert json.loads((tmp_path / "r.json").read_text())["score"] == 6
    assert command("export", "gradescope", graded, "--learner", "nobody") == 2
    assert command("export", "gradescope", graded) == 2


def test_the_payload_for_github_classroom_and_its_exit_status(graded, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    assert command("export", "classroom", graded, "--learner", "ada") == 0
    assert command("export", "classroom", graded, "--learner", "cyd") == 1
    lines = (tmp_path / "output").read_text().splitlines()
    told = [json.loads(base64.b64decode(line.removeprefix("result="))) for line in lines]
    assert [t["status"] for t in told] == ["pass", "fail"] and told[0]["max_score"] == 6


def test_a_canvas_grade_book_is_filled_in(graded, tmp_path, capsys):
    book = tmp_path / "book.csv"
    book.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section\n"
        "    Points Possible,,,,\n"
        "ada,1,,ada@example.org,A\nsomebody,2,,s@example.org,A\n"
    )
    out = tmp_path / "filled.csv"
    args = ["export", "canvas", graded, "--gradebook", book, "-o", out]
    assert command(*args, "--column", "03=Batch norm") == 0
    rows = list(csv.reader(io.StringIO(out.read_text())))
    assert rows[0][-1] == "Batch norm" and rows[2][-1] in ("6", "6.0", "6.00")
    assert "somebody" in capsys.readouterr().err
    assert command("export", "canvas", graded) == 2
    book.write_text(out.read_text().replace(",6", ",5"))
    assert command(*args, "--column", "03=Batch norm") == 2, "other marks are not lost silently"
    assert "--overwrite" in capsys.readouterr().err
    assert command(*args, "--column", "03=Batch norm", "--overwrite") == 0
    assert command(*args, "--column", "no equals sign") == 2


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send")
def test_ctrl_c_keeps_what_was_graded(class_folder, tmp_path):
    loops = with_answers({"undo_bn": "def undo_bn(x, eps):\n    while True: pass"}, notebook())
    (class_folder / "zoe").mkdir()
    (class_folder / "zoe" / f"{NAME}.ipynb").write_bytes(data(loops))
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "bncourse", "grade", str(class_folder), "-o", str(out),
         "--workers", "1", "--time-limit", "60"],
        # A test run in the background ignores SIGINT, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if (out / "journal.jsonl").exists() and len(
            (out / "journal.jsonl").read_text().splitlines()
        ) == 4:
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 2 and b"what was graded is kept" in said, said.decode()
    assert len((out / "journal.jsonl").read_text().splitlines()) == 4
    assert command("grade", class_folder, "-o", out, "--time-limit", "60", "--exercise", "03",
                   "--workers", "1", "--replay") == 2, "no reports yet"  # fmt: skip
