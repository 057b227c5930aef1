"""Broken: files that are no notebook, or hardly one."""

import json

from tests.hostile.attack import NOTHING, broken
from tests.hostile.making import dump

UNREADABLE = {"honest": NOTHING}


def raw(key, what, data, **rest):
    return broken(key, what, lambda notebook: data, **(UNREADABLE | rest))


def edited(key, what, edit, **rest):
    """``edit`` changes the notebook's data in place, or returns other data."""

    def make(notebook):
        return dump(edit(notebook) or notebook)

    return broken(key, what, make, **rest)


def bytewise(key, what, change, **rest):
    return broken(key, what, lambda notebook: change(dump(notebook)), **rest)


def old_format(notebook):
    cells = [
        {**{k: v for k, v in c.items() if k != "source"},
         ("input" if c["cell_type"] == "code" else "source"): c["source"]}
        for c in notebook["cells"]
    ]  # fmt: skip
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}


def with_output(text):
    def edit(notebook):
        output = {"output_type": "stream", "name": "stdout", "text": text}
        notebook["cells"][1]["outputs"] = [output]

    return edit


def deep(levels):
    return b'{"cells": ' + b"[" * levels + b"]" * levels + b"}"


def same_ids(notebook):
    for cell in notebook["cells"]:
        cell["id"] = "same"


def odd_ids(notebook):
    for n, cell in enumerate(notebook["cells"]):
        cell["id"] = [None, 3, "", "../../etc", "\ud800", {"a": 1}, "x" * 10**5][n % 7]


def no_metadata(notebook):
    notebook.pop("metadata")
    for cell in notebook["cells"]:
        for key in ("metadata", "id", "outputs", "execution_count"):
            cell.pop(key, None)


def odd_metadata(notebook):
    notebook["metadata"] = ["kernelspec"]
    for cell in notebook["cells"]:
        cell["metadata"] = {"nbgrader": {"points": 1000, "grade": "yes", "score": 10**400}}


def lines(notebook):
    for cell in notebook["cells"]:
        cell["source"] = [*cell["source"].splitlines(keepends=True), None, 3]


def strange_cells(notebook):
    strange = [
        None, 1, "code", [], {}, {"cell_type": "code"}, {"cell_type": ["code"]},
        {"cell_type": "code", "source": {"a": 1}}, {"cell_type": "raw", "source": "1/0"},
    ]  # fmt: skip
    notebook["cells"] = [part for cell in notebook["cells"] for part in (*strange, cell)]


ATTACKS = (
    raw("empty", "an empty file", b""),
    raw("blank", "a file of blanks and zeros", b" \n\0" * 100),
    raw("not-json", "plain text", "x̂ = (x − μ) / σ".encode()),
    raw("json-without-notebook", "JSON, but no notebook", b"[1, 2, {}]"),
    raw("json-number", "JSON numbers of every size", b"1" * 100_000),
    raw("cells-no-list", "cells that are no list", b'{"cells": {"0": "x"}, "nbformat": 4}'),
    raw("no-cells", "a notebook without cells", b'{"cells": [], "nbformat": 4, "metadata": {}}'),
    raw("picture", "a picture with a notebook's name", b"\x89PNG\r\n\x1a\n" + bytes(999)),
    raw("archive", "an archive with a notebook's name", b"PK\x03\x04" + bytes(999)),
    raw("web-page", "a web page saved by a browser", b"<!DOCTYPE html><html><body>Sign in"),
    raw("deep", "lists a hundred thousand levels deep", deep(100_000)),
    raw("many-small-things", "40 MB of the smallest JSON there is",
        b'{"cells": [' + b"[]," * 13_000_000 + b"1]}"),
    raw("format-99", "a format that there is not", b'{"nbformat": 99, "cells": []}'),
    bytewise("truncated", "a file cut off in the middle", lambda b: b[: len(b) // 2], **UNREADABLE),
    bytewise("one-byte-short", "a file that lacks its last byte", lambda b: b[:-1], **UNREADABLE),
    bytewise("latin-1", "umlauts in Latin-1",
             lambda b: b.replace(b"Your", b"F\xfcr"), **UNREADABLE),
    bytewise("utf-16", "another encoding", lambda b: b.decode().encode("utf-16"), **UNREADABLE),
    bytewise("merge-conflict", "the marks of a merge conflict",
             lambda b: b"<<<<<<< HEAD\n" + b, **UNREADABLE),
    bytewise("doubled", "a file appended to itself", lambda b: b + b, **UNREADABLE),
    bytewise("byte-order-mark", "a byte order mark", lambda b: b"\xef\xbb\xbf" + b),
    bytewise("windows-lines", "Windows line ends", lambda b: b.replace(b"\\n", b"\\r\\n")),
    edited("old-format", "a notebook of format 3", old_format),
    edited("newer-minor", "a minor version of the future", lambda n: n.update(nbformat_minor=99)),
    edited("duplicate-ids", "all cells with one id", same_ids),
    edited("odd-ids", "ids of every wrong kind", odd_ids),
    edited("no-metadata", "all metadata, ids and outputs lost", no_metadata),
    edited("odd-metadata", "metadata that promises points", odd_metadata),
    edited("lines", "sources as lists, with foreign things between the lines", lines),
    edited("strange-cells", "cells that are none between the others", strange_cells),
    edited("fifty-megabytes", "50 MB of outputs", with_output("x" * 50_000_000)),
    edited("outputs-with-teeth", "outputs with lone surrogates, markup and escape codes",
           with_output("\ud800</script><script>alert(1)</script>\x1b[2J")),
    edited("huge-integers", "integers of ten thousand digits in outputs", lambda n: json.loads(
        dump(n).decode().replace('"execution_count": null', '"execution_count": 7'))
        and n["metadata"].update(many=[10**400] * 9)),
    broken("two-hundred-megabytes", "more than is read at all",
           lambda notebook: dump(notebook) + b" " * 80_000_000, **UNREADABLE),
    broken("ten-thousand-cells", "ten thousand code cells", lambda notebook: dump(
        {**notebook, "cells": notebook["cells"] + 10_000 * [{"cell_type": "code", "source": "1"}]}),
        **UNREADABLE),
)  # fmt: skip
