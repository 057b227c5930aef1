"""The wire between judge and learner's process: JSON heads and raw arrays, never pickles.

A message is two lengths (8 bytes each, little-endian), a JSON head and the bytes of its arrays
one after the other. Arrays are described by dtype and shape from a short list, so that reading
a message written by an attacker can at worst give wrong numbers.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

LENGTHS = struct.Struct("<QQ")
MAX_HEAD = 1 << 18
MAX_NDIM = 8
MAX_ARRAYS = 4096
MAX_NUMBERS = 1 << 32
KINDS = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
DTYPES = {np.dtype(t).newbyteorder("<").str: np.dtype(t).newbyteorder("<") for t in KINDS}


class WireError(Exception):
    """What came over the wire is no message, or more than is allowed."""


def describe(array: np.ndarray) -> tuple[list[Any], bytes]:
    """Return an array as its description and its bytes.

    Raises WireError for what cannot be sent: more than 8 axes, or a dtype that is no plain
    number. Long doubles are sent as float64.
    """
    if array.ndim > MAX_NDIM:
        raise WireError(f"an array of {array.ndim} axes; at most {MAX_NDIM} are read")
    if array.dtype.kind in "fc" and array.dtype.str[1:] not in ("f2", "f4", "f8", "c8", "c16"):
        array = array.astype("<f8" if array.dtype.kind == "f" else "<c16")
    little = array.dtype.newbyteorder("<")
    if little.str not in DTYPES:
        raise WireError(f"an array of {array.dtype}; numbers are wanted")
    return [little.str, list(array.shape)], np.ascontiguousarray(array, little).tobytes()


def restore(described: Any, payload: memoryview) -> tuple[np.ndarray, memoryview]:
    """Read one described array; returns it (a copy) and the rest. Raises WireError."""
    if not (isinstance(described, list) and len(described) == 2):
        raise WireError("no description of an array")
    name, shape = described
    if not (isinstance(name, str) and name in DTYPES and isinstance(shape, list)):
        raise WireError("an array of another kind than numbers")
    if len(shape) > MAX_NDIM or not all(type(n) is int and n >= 0 for n in shape):
        raise WireError("an array of an impossible shape")
    if math.prod(max(n, 1) for n in shape) > MAX_NUMBERS:  # an empty one may be absurd too
        raise WireError("an array of an absurd shape")
    dtype = DTYPES[name]
    size = math.prod(shape) * dtype.itemsize
    if size > len(payload):
        raise WireError("an array with fewer numbers than it says")
    array = np.frombuffer(payload[:size], dtype).reshape(shape)
    if dtype.kind == "b":
        array = array.view("u1") != 0  # a byte of 7 must not become a strange truth value
    return array.copy(), payload[size:]


def encode(head: Any, arrays: Sequence[np.ndarray] = ()) -> bytes:
    """Return a message. Raises WireError for arrays that cannot be sent."""
    described = [describe(a) for a in arrays]
    text = json.dumps([head, [d for d, _ in described]]).encode()
    payload = b"".join(b for _, b in described)
    return LENGTHS.pack(len(text), len(payload)) + text + payload


def decode(text: bytes, payload: bytes) -> tuple[Any, list[np.ndarray]]:
    """Read a message. Raises WireError for anything that is none."""
    try:
        head, described = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise WireError("a head that is no JSON pair") from None
    if not isinstance(described, list) or len(described) > MAX_ARRAYS:
        raise WireError("more arrays than are read")
    rest, arrays = memoryview(payload), []
    for one in described:
        array, rest = restore(one, rest)
        arrays.append(array)
    if len(rest):
        raise WireError("more bytes than its arrays have")
    return head, arrays


class Inbox:
    """Puts messages together from pieces as they come in, within a budget of bytes."""

    def __init__(self, budget: int) -> None:
        self._left = budget
        self.last = 0  # bytes of the message taken last
        self._pieces = bytearray()

    def feed(self, piece: bytes) -> None:
        """Take the next bytes. Raises WireError once the budget is used up."""
        self._left -= len(piece)
        if self._left < 0:
            raise WireError("more than is read")
        self._pieces += piece

    def give_back(self, size: int) -> None:
        """Allow that many bytes more."""
        self._left += size

    def take(self) -> tuple[Any, list[np.ndarray]] | None:
        """Return the next whole message, or None until more has come. Raises WireError."""
        if len(self._pieces) < LENGTHS.size:
            return None
        head, body = LENGTHS.unpack_from(self._pieces)
        if head > MAX_HEAD or body > self._left + len(self._pieces):
            raise WireError("a message longer than is read")
        end = LENGTHS.size + head + body
        if len(self._pieces) < end:
            return None
        text = bytes(self._pieces[LENGTHS.size : LENGTHS.size + head])
        payload = bytes(self._pieces[LENGTHS.size + head : end])
        del self._pieces[:end]
        self.last = end
        return decode(text, payload)


def read_message(read: Callable[[int], bytes]) -> tuple[Any, list[np.ndarray]]:
    """Read one message of a trusted sender with ``read(n)``, which gives up to n bytes.

    Raises EOFError when the sender has gone.
    """

    def exactly(n: int) -> bytes:
        out = bytearray()
        while len(out) < n:
            piece = read(min(n - len(out), 1 << 20))
            if not piece:
                raise EOFError
            out += piece
        return bytes(out)

    head, body = LENGTHS.unpack(exactly(LENGTHS.size))
    return decode(exactly(head), exactly(body))
