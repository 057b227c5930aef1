"""Why a file is no notebook, and what its learner can do about it."""

from __future__ import annotations

import json
import re

_AGAIN = "Open the notebook, save it, check that it opens again, and hand that in."
_KINDS = (
    (b"PK\3\4", "a zip archive (or an office document)"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"bplist", "a web archive"),
)


def not_text(data: bytes, at: int) -> str:
    """Say why bytes are not UTF-8, of which the one ``at`` is the first that is wrong."""
    for start, kind in _KINDS:
        if data.startswith(start):
            return f"The file is not a notebook but {kind}. Hand in the .ipynb file itself."
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return f"The file is saved as UTF-16; a notebook is UTF-8. {_utf8()}"
    line = data.count(b"\n", 0, at) + 1
    return (
        f"The file is not UTF-8 text: in line {line:,}, the byte 0x{data[at]:02X} (number "
        f"{at + 1:,} in the file) cannot be read. {_utf8()}"
    )


def _utf8() -> str:
    return (
        "If JupyterLab still shows the notebook, save it there again; otherwise open the file in "
        "a text editor and save it with the encoding UTF-8. Check that JupyterLab opens it, and "
        "hand that in."
    )


def broken_json(text: str, error: json.JSONDecodeError) -> str:
    """Say why a text is not JSON."""
    if not text.strip("\0 \t\r\n\ufeff"):
        return f"The file is empty. {_AGAIN}"
    for start, kind in _KINDS:
        if text.startswith(start.decode("latin-1")):
            return f"The file is not a notebook but {kind}. Hand in the .ipynb file itself."
    if "\0" in text[:4]:
        return f"The file is saved as UTF-16; a notebook is UTF-8. {_utf8()}"
    if text.lstrip().startswith("<") and not text.startswith("<<<<<<<"):
        return (
            "The file is a web page, not a notebook. Download the notebook itself (in Colab: "
            "File, Download, Download .ipynb) and hand that in."
        )
    if conflict := re.search(r"^(<{7}|={7}|>{7})( |$)", text, re.MULTILINE):
        line = text.count("\n", 0, conflict.start()) + 1
        return (
            f"Git left the marks of a merge conflict in line {line:,}. Resolve the conflict, check "
            "that JupyterLab opens the notebook, and hand that in."
        )
    if not text.lstrip().startswith(("{", "[")):
        return (
            "The file holds plain text, perhaps a program, and not a notebook. Hand in the .ipynb "
            "file."
        )
    at_the_end = error.pos >= len(text.rstrip()) - 8 and error.msg != "Extra data"
    if at_the_end or error.msg.startswith("Unterminated string"):
        return (
            f"The file ends in the middle, after {len(text):,} characters: saving or uploading it "
            f"was cut short. {_AGAIN}"
        )
    return (
        f"The file is damaged in line {error.lineno:,}, column {error.colno:,} ({error.msg}), so "
        f"it is no notebook any more. {_AGAIN}"
    )
