"""Texts from learners lose what steers a terminal or a page, and nothing else."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bncourse.grading.report.text import (
    clean,
    clip,
    counted,
    exercise_title,
    known_as,
    moment,
    number,
    one_line,
    percent,
    points,
)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("\x1b[31mred\x1b[0m and \x1b[1;4mbold\x1b[m", "red and bold"),
        ("\x1b]0;a title\x07shown", "shown"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("\x1bcreset", "reset"),
        ("\x1b]0;never ended", "0;never ended"),
        ("a\x00b\x07c\x7fd\x85e", "abcd\ne"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("exe\u202egnp.\u2066x\u2069", "exegnp.x"),
        ("lone \ud800 half", "lone \ufffd half"),
        ("\ufefftab\tstays", "tab\tstays"),
        ("Zoë 😀👩\u200d🔬 محمد שרה 李明", "Zoë 😀👩\u200d🔬 محمد שרה 李明"),
    ],
)
def test_what_steers_is_dropped_and_what_is_read_stays(text, kept):
    assert clean(text) == kept


@given(st.text(st.characters(), max_size=200))
def test_clean_text_can_be_written_anywhere(text):
    done = clean(text)
    done.encode("utf-8")
    bad = [c for c in done if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    assert not bad and clean(done) == done


@given(st.text(max_size=80), st.text(max_size=20))
def test_a_line_is_one_line(text, more):
    line = one_line(f"{text}\r\n{more}", 30)
    assert len(line) <= 30 and line.splitlines() in ([line], [])


def test_long_texts_say_how_much_more_there_is():
    assert clip("x" * 10_000, 100) == "x" * 100 + " … (9,900 more characters)"
    assert clip("short", 100) == "short"
    assert clip("a\n" * 50, 1000, lines=3) == "a\na\na … (94 more characters)"


def test_a_name_is_never_empty():
    assert known_as("", "ada17") == "ada17"
    assert known_as("\x00 ", "\u202e") == "nameless"
    assert known_as("Ada\nLovelace", "ada17") == "Ada Lovelace"


def test_numbers():
    assert [number(v) for v in (4.0, 4.5, 2 / 3, 0.0, -0.0001, 100)] == [
        *("4", "4.5", "0.667", "0", "0", "100"),
    ]
    assert points(1) == "1 point" and points(0.5) == "0.5 points" and points(0) == "0 points"
    assert counted(1, "file") == "1 file" and counted(1200, "file") == "1,200 files"


def test_a_share_is_full_or_none_only_where_it_is():
    assert [percent(part, 1000) for part in (0, 1, 500, 999, 1000)] == [
        *("0 %", "1 %", "50 %", "99 %", "100 %"),
    ]
    assert percent(1, 0) == ""


def test_headings_of_exercises():
    assert exercise_title("03_batch_norm") == "Exercise 03: batch norm"
    assert exercise_title("03") == "Exercise 03"
    assert exercise_title("my\x1b[31m homework") == "Exercise my homework"
    assert exercise_title("") == "Exercise"


def test_times_are_written_for_people():
    assert moment("2026-03-14T10:12:59+00:00") == "14 March 2026, 10:12 UTC"
    assert moment("2026-12-01T23:05+05:30") == "1 December 2026, 23:05 UTC+05:30"
    assert moment("2026-01-02 03:04") == "2 January 2026, 03:04"
    assert moment("last week\x1b[31m") == "last week" and moment("") == ""
