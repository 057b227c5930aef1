"""Code is read from every notebook that holds some; the rest is refused with a reason."""

import json
import sys

import nbformat
import pytest

from bncourse.authoring.build import ROOT
from bncourse.grading.submissions import Cell, Unreadable, read_cells
from bncourse.grading.submissions.limits import MAX_BYTES, MAX_CELLS, MAX_CODE


def code(source, **more):
    return {"cell_type": "code", "metadata": {}, "outputs": [], "source": source, **more}


def notebook(*cells, **more):
    whole = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    return json.dumps({key: value for key, value in whole.items() if value is not None}).encode()


def sources(data):
    return [cell.source for cell in read_cells(data)]


def refusal(data):
    with pytest.raises(Unreadable) as caught:
        read_cells(data)
    text = str(caught.value)
    assert text[0].isupper() and text[-1] in ".)" and text.isprintable() and len(text) < 400
    return text


@pytest.mark.parametrize("path", sorted(ROOT.glob("[ens]*/*.ipynb")), ids=lambda path: path.stem)
def test_it_reads_what_nbformat_reads(path):
    expected = [
        (cell["id"], cell["source"])
        for cell in nbformat.read(path, as_version=4)["cells"]
        if cell["cell_type"] == "code"
    ]
    found = read_cells(path.read_bytes())
    assert [(cell.id, cell.source) for cell in found] == expected
    assert [cell.number for cell in found] == list(range(1, len(expected) + 1))


def test_format_3_is_read_like_format_4():
    old = nbformat.v3.new_notebook(
        worksheets=[
            nbformat.v3.new_worksheet(
                cells=[
                    nbformat.v3.new_text_cell("heading", source="Title"),
                    nbformat.v3.new_code_cell(input="x = 1\ny = 2"),
                ]
            ),
            nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell(input="z = 3")]),
        ]
    )
    assert sources(nbformat.v3.writes_json(old).encode()) == ["x = 1\ny = 2", "z = 3"]


@pytest.mark.parametrize(
    "data, expected",
    [
        (notebook(), []),
        (notebook({"cell_type": "markdown", "source": "x"}, {"cell_type": "raw"}), []),
        (notebook(code(["a = 1\n", "b = 2"])), ["a = 1\nb = 2"]),
        (b"\xef\xbb\xbf" + notebook(code("a")), ["a"]),
        (notebook(code("a"), metadata=None, nbformat=None, nbformat_minor=None), ["a"]),
        (notebook({"cell_type": "code", "source": "a"}), ["a"]),
        (notebook(code("a"), 7, None, "b", ["c"], {}, code("d")), ["a", "d"]),
        (
            notebook(code(None), code(7), code({"a": 1}), code(["a", 7, None, "b"])),
            ["", "", "", "ab"],
        ),
        (notebook({"cell_type": "code"}), [""]),
        (notebook({"cell_type": ["code"], "source": "a"}), []),
        (notebook(code("a\r\nb\rc")), ["a\nb\nc"]),
        (notebook(code("a\0b")), ["a\ufffdb"]),
        (notebook(code("a", outputs=7), nbformat="4"), ["a"]),
        (notebook(code("a"), nbformat=4.2), ["a"]),
        (notebook(code("a"), nbformat=True), ["a"]),
        (b'{"cells": 1, "cells": [{"cell_type": "code", "source": "a"}]}', ["a"]),
        (notebook(code("a")) + b" \n\t", ["a"]),
    ],
)
def test_what_is_damaged_costs_only_itself(data, expected):
    assert sources(data) == expected


def test_ids_may_be_missing_repeated_or_wrong():
    data = notebook(code("a", id="x"), code("b", id="x"), code("c"), code("d", id=7))
    assert read_cells(data) == [
        Cell(1, "x", "a"),
        Cell(2, "x", "b"),
        Cell(3, "", "c"),
        Cell(4, "", "d"),
    ]


def test_half_a_character_cannot_stop_an_encoder():
    data = b'{"cells": [{"cell_type": "code", "id": "\\udc80", "source": ["\\ud83d", "\\ud800x"]}]}'
    (cell,) = read_cells(data)
    assert (cell.id, cell.source) == ("\ufffd", "\ufffd\ufffdx")
    assert sources(b'{"cells": [{"cell_type": "code", "source": "\\ud83d\\ude00"}]}') == [
        "\U0001f600"
    ]


def test_an_integer_of_any_length_stops_nothing():
    data = notebook(code("a")).replace(b'"outputs": []', b'"outputs": [' + b"9" * 100_000 + b"]")
    assert sources(data) == ["a"]
    version = notebook(code("a")).replace(b'"nbformat": 4', b'"nbformat": ' + b"9" * 100_000)
    assert "format beyond all numbers" in refusal(version)


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "The file is empty."),
        (b" \n\0\0", "The file is empty."),
        (notebook(code("caf\u00e9")).replace(b"\\u00e9", b"\xe9"), "in line 1, the byte 0xE9"),
        (b'{\n\n"a": "\xff"}', "in line 3, the byte 0xFF (number 10 in the file)"),
        (notebook(code("a")).decode().encode("utf-16"), "UTF-16"),
        (notebook(code("a")).decode().encode("utf-16-le"), "UTF-16"),
        (notebook(code("a")).decode().encode("utf-16-be"), "UTF-16"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"import numpy as np\n", "plain text, perhaps a program"),
        (b"PK\3\4\0\0", "a zip archive"),
        (b"PK\3\4\xff\xff", "a zip archive"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\x89PNG\r\n", "a picture"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b'{\n<<<<<<< HEAD\n"a": 1,\n=======\n>>>>>>> theirs\n}', "merge conflict in line 2"),
        (b'{"cells": [}, "nbformat": 4, "metadata": {}}', "damaged in line 1, column 12"),
        (notebook(code("a")) + b"}", "damaged in line 1"),
        (b"[]", "JSON data, but no notebook"),
        (b"null", "JSON data, but no notebook"),
        (b'{"a": 1}', "JSON data, but no notebook"),
        (notebook(cells={}), "list of cells is damaged"),
        (b'{"worksheets": [{"cells": 7}]}', "list of cells is damaged"),
        (notebook(nbformat=5), "it has format 5"),
        (notebook(nbformat=99), "it has format 99"),
        (notebook(nbformat=1), "it has format 1"),
        (b"[" * 200_000, "too deep"),
        (b'{"a":' * 200_000, "too deep"),
    ],
)
def test_what_is_no_notebook_is_refused_with_a_reason(data, said):
    assert said in refusal(data)


def test_a_notebook_that_was_cut_short_is_told_so_wherever_it_was_cut():
    data = notebook(code("x = 1  # caf\u00e9"), code("y = 'a'"), metadata={"a": [1, None, True]})
    for length in range(1, len(data)):
        assert "ends in the middle" in refusal(data[:length])


def test_too_much_is_refused():
    assert "64 MB; at most 64 MB" in refusal(b" " * (MAX_BYTES + 1))
    assert len(sources(notebook(*[code("a")] * MAX_CELLS))) == MAX_CELLS
    assert "too much code" in refusal(notebook(*[code("a")] * (MAX_CELLS + 1)))
    assert sources(notebook(code("a" * MAX_CODE))) == ["a" * MAX_CODE]
    assert "too much code" in refusal(notebook(code("a" * MAX_CODE), code("a")))


@pytest.mark.parametrize("part", [b"{},", b'"ab",', b"10000,"])
def test_a_file_that_would_swell_in_memory_is_refused(part):
    data = b'{"cells": [' + part * (60_000_000 // len(part)) + b"0]}"
    assert "outputs are too large" in refusal(data)


def test_large_outputs_are_no_reason_to_refuse():
    picture = {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo" * 4_500_000}}
    data = notebook(code("a", outputs=[picture]))
    assert len(data) > 49_000_000
    assert sources(data) == ["a"]


def test_recursion_is_refused_however_deep_the_caller_is():
    def deep(levels):
        return deep(levels - 1) if levels else refusal(b"[" * 100_000)

    assert "too deep" in deep(sys.getrecursionlimit() // 2)
