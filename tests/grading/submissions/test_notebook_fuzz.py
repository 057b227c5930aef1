"""Whatever the bytes are: cells whose text is sound, or Unreadable. Never anything else."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bncourse.grading.submissions import Unreadable, read_cells

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
# Text as hostile as JSON allows: half surrogates, NUL, separators.
TEXT = st.text(st.characters(exclude_categories=[]) | st.sampled_from("\0\r\n\ud800\udfff"))
SOURCE = TEXT | st.lists(TEXT | ANY_JSON, max_size=4) | ANY_JSON
CELL = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]) | ANY_JSON,
        "source": SOURCE,
        "input": SOURCE,
        "id": TEXT | ANY_JSON,
        "outputs": ANY_JSON,
    },
)
CELLS = st.lists(CELL | ANY_JSON, max_size=5) | ANY_JSON
NOTEBOOK = st.fixed_dictionaries(
    {},
    optional={
        "cells": CELLS,
        "worksheets": st.lists(st.fixed_dictionaries({"cells": CELLS}) | ANY_JSON) | ANY_JSON,
        "nbformat": st.integers(-1, 6) | ANY_JSON,
        "metadata": ANY_JSON,
    },
)


def check(data):
    try:
        cells = read_cells(data)
    except Unreadable as reason:
        assert str(reason)
        return None
    for place, cell in enumerate(cells, 1):
        assert cell.number == place
        for text in (cell.source, cell.id):
            text.encode()
            assert "\0" not in text and "\r" not in text
    return cells


@settings(max_examples=150, deadline=None)
@given(NOTEBOOK, st.booleans())
def test_any_structure(notebook, ascii_only):
    text = json.dumps(notebook, ensure_ascii=ascii_only)
    cells = check(text.encode("utf-8", "surrogatepass"))
    version = notebook.get("nbformat", 4)
    if ascii_only and isinstance(notebook.get("cells"), list) and version in (2, 3, 4):
        codes = [c for c in notebook["cells"] if isinstance(c, dict)]
        assert len(cells) == sum(c.get("cell_type") == "code" for c in codes)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(data):
    check(data)


@settings(max_examples=150, deadline=None)
@given(NOTEBOOK, st.data())
def test_damaged_bytes(notebook, choice):
    data = bytearray(json.dumps(notebook, indent=1).encode())
    for _ in range(choice.draw(st.integers(1, 4))):
        start = choice.draw(st.integers(0, len(data)))
        end = choice.draw(st.integers(start, min(len(data), start + 40)))
        data[start:end] = choice.draw(
            st.binary(max_size=12) | st.sampled_from([b"[", b'"', b"\\u"])
        )
    check(bytes(data))
    check(bytes(data)[: choice.draw(st.integers(0, len(data)))])
    for encoding in ("utf-16", "utf-32", "utf-7", "utf-8-sig"):
        check(bytes(data).decode("latin-1").encode(encoding))
