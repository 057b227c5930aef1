"""The wire: everything that is sent comes back, and nothing that an attacker sends does harm."""

import contextlib
import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bncourse.grading.sandbox import wire
from bncourse.grading.sandbox.values import pack, unpack


def through(data, budget=1 << 24, piece=7):
    inbox, out = wire.Inbox(budget), []
    for at in range(0, len(data), piece):
        inbox.feed(data[at : at + piece])
        while (got := inbox.take()) is not None:
            out.append(got)
    return out


def message(text, payload=b""):
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    return wire.LENGTHS.pack(len(text), len(payload)) + text + payload


@settings(max_examples=150, deadline=None)
@given(
    hnp.arrays(
        dtype=st.one_of(
            hnp.boolean_dtypes(),
            hnp.integer_dtypes(endianness="?"),
            hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
            hnp.complex_number_dtypes(endianness="?", sizes=(64, 128)),
        ),
        shape=hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=3),
    )
)
def test_every_array_comes_through(array):
    ((head, (back,)),) = through(wire.encode({"a": 1}, [array]), piece=1000)
    assert head == {"a": 1}
    assert back.shape == array.shape and back.dtype == array.dtype.newbyteorder("<")
    assert np.array_equal(back, array, equal_nan=array.dtype.kind in "fc")


def test_messages_that_come_in_pieces_or_together_are_put_in_order():
    data = b"".join(wire.encode({"n": n}, [np.arange(n)]) for n in range(5))
    for piece in (1, 3, 64, len(data)):
        got = through(data, piece=piece)
        assert [head["n"] for head, _ in got] == list(range(5))
        assert [len(a) for _, (a,) in got] == list(range(5))


def test_a_long_double_is_sent_as_float64():
    ((_, (back,)),) = through(wire.encode(None, [np.longdouble([1.5, 2.5])]))
    assert back.dtype == np.float64 and back.tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    "array",
    [
        np.array(["text"]),
        np.array([object()]),
        np.zeros(2, "datetime64[s]"),
        np.zeros(2, [("a", "f8")]),
        np.zeros((1,) * 9),
    ],
    ids=["text", "object", "date", "structured", "nine axes"],
)
def test_what_is_no_array_of_numbers_is_not_sent(array):
    with pytest.raises(wire.WireError):
        wire.encode({}, [array])


@pytest.mark.parametrize(
    "data",
    [
        message(b"\xff\xfe"),
        message(b"[" * 100_000),
        message([1]),
        message([1, 2, 3]),
        message([{}, 5]),
        message([{}, [["<f8", [2]]]], b"\0" * 8),
        message([{}, [["<f8", [1]]]], b"\0" * 16),
        message([{}, [["|O", [1]]]], b"\0" * 8),
        message([{}, [["<f8", [-1]]]]),
        message([{}, [["<f8", [True]]]], b"\0" * 8),
        message([{}, [["<f8", ["1"]]]], b"\0" * 8),
        message([{}, [["<f8", [1 << 62, 4]]]]),
        message([{}, [["<f8", [0, 1 << 40, 1 << 40]]]]),
        message([{}, [["<f8", [0] * 9]]]),
        message([{}, [["<f8"]]]),
        message([{}, [7]]),
        message([{}, [["<f8", [0]]] * (wire.MAX_ARRAYS + 1)]),
        struct.pack("<QQ", wire.MAX_HEAD + 1, 0),
        struct.pack("<QQ", 2, 1 << 60),
    ],
)
def test_what_is_no_message_is_an_error_and_nothing_else(data):
    with pytest.raises(wire.WireError):
        through(data, piece=1 << 20)


def test_a_flood_is_cut_off_at_the_budget():
    inbox = wire.Inbox(100)
    inbox.feed(b"x" * 100)
    with pytest.raises(wire.WireError, match="more than is read"):
        inbox.feed(b"x")


def test_a_byte_of_seven_is_a_plain_true():
    ((_, (back,)),) = through(message([{}, [["|b1", [2]]]], b"\x07\x00"))
    assert back.tolist() == [True, False] and back.astype(int).tolist() == [1, 0]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_never_do_more_than_raise_a_wire_error(data):
    with contextlib.suppress(wire.WireError):
        through(data, piece=50)


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3) | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(st.text(max_size=3) | st.integers(-9, 9), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_arguments_of_any_shape_come_through(value):
    arrays = []
    back = unpack(json.loads(json.dumps(pack(value, arrays))), arrays)
    assert repr(back) == repr(value)


def test_arrays_within_arguments_come_through():
    given_ = ({"x_hat": np.eye(2), "eps": np.float32(1e-5)}, [np.arange(3)], (1, None))
    arrays = []
    ((head, got),) = through(wire.encode(pack(given_, arrays), arrays))
    cache, rest, plain = unpack(head, got)
    assert np.array_equal(cache["x_hat"], np.eye(2)) and cache["eps"].dtype == np.float32
    assert rest[0].tolist() == [0, 1, 2] and plain == (1, None)


def test_code_is_never_sent_to_a_learner():
    with pytest.raises(TypeError, match="function"):
        pack(lambda: 1, [])
