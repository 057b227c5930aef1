"""No name, however bad, leads out of a folder or makes two learners one."""

import os
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bncourse.grading.submissions.names import distinct, safe, tidy

BAD = st.one_of(
    st.text(max_size=300),
    st.text("./\\:\0\r\n *?~-=+@%#<>|\"'\u202e\u200b\ud800\udfffaAéE\u0301", max_size=40),
    st.sampled_from(["", ".", "..", "CON", "nul.txt", "LPT¹", "com1 .x", "a" * 5000, "名" * 500]),
)
RESERVED = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
}


def check_safe(name):
    assert 0 < len(name) <= 100 and len(os.fsencode(name)) <= 200
    assert name.isprintable() and not re.search(r'[<>:"/\\|?*]', name)
    assert name[0] not in " .-~=+@" and name[-1] not in " ."
    assert name.split(".")[0].rstrip().lower() not in RESERVED
    assert os.path.basename(os.path.normpath(os.path.join("out", f"{name}.html"))) == f"{name}.html"


@given(BAD)
@example("a" * 120)
@example("CONIN$.txt")
@example("-rf")
@example("../../etc/passwd")
@example("C:\\Windows")
@example("=cmd|' /C calc'!A0")
@example("ada\u202eybn.exe")
@example("ada\nGrade: 100")
def test_a_safe_name_is_safe_everywhere(text):
    check_safe(safe(text))
    assert safe(text) == safe(text)


@given(st.lists(BAD, max_size=8), st.sampled_from(["", "7", "../7"]))
@example(["ada", "Ada", "ADA"], "")
@example(["a/b", "a\\b", "a:b"], "")
@example(["a" * 200, "a" * 201], "7")
def test_names_are_distinct_on_every_file_system(texts, number):
    origins = [f"{place}:{text}" for place, text in enumerate(texts)]
    names = distinct(texts, origins, [number] * len(texts))
    for name in names:
        check_safe(name)
    folded = {unicodedata.normalize("NFD", name.casefold()) for name in names}
    assert len(folded) == len(texts)


@given(st.text(max_size=500))
def test_a_tidy_name_is_one_short_line(text):
    assert tidy(text).isprintable() and len(tidy(text)) <= 200
    assert "\ud800" not in tidy(text + "\ud800")
    tidy(text + "\udcff").encode()


@pytest.mark.parametrize("name", ["Ada Lovelace_123", "o'brien", "ada.lovelace", "名前", "Zoë-Mae"])
def test_an_honest_name_stays_what_it_is(name):
    assert safe(name) == tidy(name) == name
    assert distinct([name, "bob"], ["1", "2"], ["", ""]) == [name, "bob"]
