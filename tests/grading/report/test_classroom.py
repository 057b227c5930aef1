"""GitHub Classroom's payload: version 1, and small enough for an environment variable."""

import base64
import json
from dataclasses import replace

import pytest

from bncourse.grading.report.exports.classroom import PAYLOAD_LIMIT, classroom, classroom_text
from bncourse.grading.verdict import Status
from tests.grading.report.made_up import HOSTILE, LONG, class_of, hostile_result, result, verdict


def read(text):
    """As the reporter reads it."""
    return json.loads(base64.b64decode(text, validate=True))


def test_the_reporter_finds_its_fields_and_the_right_sum():
    for one in class_of(20):
        data = read(classroom_text([one]))
        assert data == classroom([one])
        assert set(data) == {"version", "status", "max_score", "tests"} and data["version"] == 1
        fields = {"name", "status", "score", "message", "line_no"}
        assert all(set(test) == fields and test["line_no"] == 0 for test in data["tests"])
        assert data["max_score"] == one.out_of
        assert sum(test["score"] for test in data["tests"]) == pytest.approx(one.score)
        assert data["status"] == ("pass" if one.score == one.out_of else "fail")


@pytest.mark.parametrize("status", Status)
def test_how_a_test_came_out(status):
    (test,) = classroom([result(verdict(status))])["tests"]
    right = status in (Status.CORRECT, Status.RECORDED)
    broken = status in (Status.ERROR, Status.UNREADABLE)
    assert test["status"] == ("pass" if right else "error" if broken else "fail")
    assert bool(test["message"]) is not right and test["name"] == "3.3 batch norm, forward"


def test_what_is_not_marked_does_not_fail_the_whole():
    unmarked = replace(result(verdict(), points=0.0), exercise="00")
    data = classroom([result(verdict(Status.CORRECT)), unmarked])
    assert (data["status"], data["max_score"]) == ("pass", 1)
    assert classroom([])["status"] == "fail"


def test_a_broken_file_says_why():
    data = classroom([result(verdict(Status.NOT_STARTED), failure="The file is empty.")])
    assert data["status"] == "fail" and data["tests"][0]["message"] == "The file is empty."
    assert classroom([replace(result(), tasks=(), failure="empty")])["status"] == "fail"


@pytest.mark.parametrize("text", [*HOSTILE, LONG])
def test_messages_are_short_plain_lines(text):
    for test in classroom([hostile_result(text)])["tests"]:
        assert len(test["message"]) <= 200 and len(test["name"]) <= 80
        assert "\n" not in test["message"] and "\x1b" not in test["message"]


def test_a_whole_course_still_fits():
    many = [verdict(task=f"{k}", seen=(LONG,), looks_like=(LONG,)) for k in range(90)]
    text = classroom_text([result(*many)])
    assert len(text) <= PAYLOAD_LIMIT and len(read(text)["tests"]) == 90
    assert classroom([result(*many)])["max_score"] == 90
