"""Cells keep their bytes; what they say is what Python's csv module reads."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bncourse.grading.report.exports import raw_csv

PIECES = st.lists(
    st.sampled_from(['"', '""', ",", ";", "\n", "\r\n", "a", " ", "é", "1,5", '"a,""b"""'])
).map("".join)


def read(text, delimiter):
    """The records, or None where a quotation mark is never closed."""
    try:
        return raw_csv.read(text, delimiter)
    except ValueError:
        return None


@given(PIECES, st.sampled_from(",;"))
@example('a,"b\r\nc",d\r\n', ",")
@example("a,b,", ",")
@example("\n\na", ",")
@example('"abc""def', ",")
def test_written_again_it_is_the_same_text(text, delimiter):
    records = read(text, delimiter)
    if records is not None:
        assert raw_csv.write(records, delimiter) == text


@given(PIECES, st.sampled_from(",;"))
def test_the_cells_say_what_the_csv_module_reads(text, delimiter):
    records = read(text, delimiter)
    if records is not None:
        known = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        # The module gives no cell for an empty line.
        assert [r.values for r in records] == [row or [""] for row in known]


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.sampled_from(",;"))
def test_a_cell_says_what_was_put_in(text, delimiter):
    made = raw_csv.cell(text, delimiter)
    (record,) = raw_csv.read(f"x{delimiter}{made}{delimiter}y\n", delimiter)
    assert record.values == ["x", text, "y"]


def test_an_open_quotation_mark_is_told_with_its_line():
    with pytest.raises(ValueError, match="line 3: a quotation mark is never closed"):
        raw_csv.read('a,b\nc,d\n"e,f\ng\n', ",")
    with pytest.raises(ValueError, match="line 1"):
        raw_csv.read('a,"b""c,d\n', ",")  # a doubled mark closes nothing
