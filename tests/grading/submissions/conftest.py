"""Trees of submissions, as folders and as zips, and archives that no honest tool writes."""

import io
import json
import struct
import zipfile

import pytest

HONEST = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": "# Batch norm"},
            {"cell_type": "code", "id": "a1", "metadata": {}, "outputs": [], "source": "x = 1\n"},
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
).encode()


@pytest.fixture
def plant(tmp_path):
    """Return a function that makes files below a folder: names, or names with their bytes."""

    def plant(names, root="class"):
        top = tmp_path / root
        top.mkdir(parents=True, exist_ok=True)
        for name in names:
            path = top / name
            if name.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            data = names[name] if isinstance(names, dict) else HONEST
            path.write_bytes(data)
        return top

    return plant


@pytest.fixture
def pack(tmp_path):
    """Return a function that packs names (with their bytes) into a zip."""

    def pack(names, path="class.zip", method=zipfile.ZIP_DEFLATED):
        path = tmp_path / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(packed(names, method))
        return path

    return pack


def packed(names, method=zipfile.ZIP_DEFLATED):
    """Return the bytes of a zip; a name may be a ZipInfo."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name in names:
            data = names[name] if isinstance(names, dict) else HONEST
            archive.writestr(name, b"" if str(name).endswith("/") else data)
    return buffer.getvalue()


def table_only(count, name=b"n%07d.txt"):
    """Return a zip of so many entries that all claim to lie at the same place, and no data."""
    head = struct.Struct("<4s6H3I5H2I")
    lines = []
    for number in range(count):
        text = name % number if b"%" in name else name
        fields = (20, 20, 0, 0, 0, 33, 0, 0, 0, len(text), 0, 0, 0, 0, 0, 0)
        lines.append(head.pack(b"PK\1\2", *fields) + text)
    table = b"".join(lines)
    zip64 = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(table), 0)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(table), 1)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    return table + zip64 + locator + end
