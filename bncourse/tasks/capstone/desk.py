"""The desk between the hospital's nets and a learner's layer: orders out, arrays back.

Each net is a generator that yields one order at a time and is sent the reply. Many of them go on
side by side, so that one message carries the orders of all.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Generator, Sequence
from typing import Any, Self

import numpy as np

from bncourse.grading.answers import AnswerError
from bncourse.grading.served_layers import (
    BACKWARD,
    END,
    EVAL,
    FORWARD,
    MAKE,
    NO_STEP,
    RECALIBRATE,
    SINGLY,
    TRAIN,
)
from bncourse.grading.task import Case

Order = tuple[int, int, np.ndarray | int | None, float]
Net = Generator[Order, np.ndarray | None, Any]
Plan = Callable[..., Generator[list[Order], list[Any], np.ndarray]]
_SECRET = secrets.token_bytes(32)  # of this process: receipts are read where they were written
NOTHING = np.zeros(0)


def make(layer: int, width: int) -> Order:
    """Order a new layer of that width."""
    return MAKE, layer, width, 0.0


def train(layer: int) -> Order:
    """Order training mode."""
    return TRAIN, layer, None, 0.0


def evaluate(layer: int) -> Order:
    """Order evaluation mode."""
    return EVAL, layer, None, 0.0


def recalibrate(layer: int) -> Order:
    """Order the layer's own preparation for unlabelled images, if it has one."""
    return RECALIBRATE, layer, None, 0.0


def forward(layer: int, x: np.ndarray, step: float = NO_STEP) -> Order:
    """Order a forward pass of x (rows, width); the reply is y, or None where it was refused."""
    return FORWARD, layer, x, step


def singly(layer: int, x: np.ndarray, step: float = NO_STEP) -> Order:
    """Order a forward pass of each row by itself; the reply is y, or None where it was refused."""
    return SINGLY, layer, x, step


def backward(layer: int, dy: np.ndarray, rate: float) -> Order:
    """Order a backward pass and a step of gamma and beta; the reply is dx."""
    return BACKWARD, layer, dy, rate


def side_by_side(nets: Sequence[Net]) -> Generator[list[Order], list[Any], list[Any]]:
    """Run generators in step, one order of each at a time; returns what each returned."""
    results: list[Any] = [None] * len(nets)
    waiting: dict[int, Order] = {}

    def advance(k: int, reply: Any) -> None:
        try:
            waiting[k] = nets[k].send(reply)
        except StopIteration as end:
            results[k] = end.value

    for k in range(len(nets)):
        advance(k, None)
    while waiting:
        turn = list(waiting.items())
        waiting.clear()
        replies = yield [order for _, order in turn]
        for (k, _), reply in zip(turn, replies, strict=True):
            advance(k, reply)
    return results


class Desk:
    """The oracle of a task whose layer is run by nets elsewhere.

    ``plan(*run)`` is a generator of lists of orders that returns the results, numbers (n,). One
    conversation at a time in each thread; "begin" starts the next one, but a desk made `anew` for
    a notebook knows only one.
    """

    _once = False

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._mine = threading.local()

    def anew(self) -> Self:
        """Return the desk for one notebook: nothing is going on there, and a run begins once."""
        desk = copy.copy(self)
        desk._mine, desk._once = threading.local(), True
        return desk

    def __call__(self, event: Any, *args: Any) -> tuple[np.ndarray, np.ndarray]:
        """Take "begin" with the run's numbers, or "reply" with arrays; returns orders and arrays.

        Raises ValueError for what makes no sense here.
        """
        if event == "begin":
            if self._once and hasattr(self._mine, "run"):
                raise ValueError("a run begins once")
            self._mine.run = tuple(float(a) for a in args)
            self._mine.plan = self._plan(*self._numbers(self._mine.run))
            return self._next(None)
        if event != "reply" or getattr(self._mine, "orders", None) is None or len(args) != 2:
            raise ValueError("nothing was ordered")
        return self._next(self._read(*args))

    def _numbers(self, run: tuple[float, ...]) -> tuple[float, ...]:
        """Return what the plan is made of."""
        return run

    def _read(self, flat: Any, refused: Any) -> list[np.ndarray | None]:
        orders = self._mine.orders
        flat, refused = np.asarray(flat), np.asarray(refused)
        if flat.dtype != float or flat.ndim != 1 or refused.shape != (len(orders),):
            raise ValueError("a reply of another form than was ordered")
        replies, place = [], 0
        for (what, _, x, _), no in zip(orders, refused, strict=True):
            if what not in (FORWARD, SINGLY, BACKWARD) or no:
                replies.append(None)
                continue
            piece = flat[place : place + x.size]
            if len(piece) < x.size:
                raise ValueError("a reply with fewer numbers than were ordered")
            replies.append(piece.reshape(x.shape))
            place += x.size
        return replies

    def _next(self, replies: list[np.ndarray | None] | None) -> tuple[np.ndarray, np.ndarray]:
        try:
            with np.errstate(all="ignore"):
                orders = self._mine.plan.send(replies)
        except StopIteration as end:
            self._mine.orders = None
            results = np.asarray(end.value, dtype=float)
            end_order = np.array([[END, 0, len(results), 0, 0]], dtype=float)
            receipt = sealed(self._mine.run, results).astype(float)
            return end_order, np.concatenate([results, receipt])
        self._mine.orders = orders
        rows = [(what, layer, *_shape(x), number) for what, layer, x, number in orders]
        arrays = [x.ravel() for _, _, x, _ in orders if isinstance(x, np.ndarray)]
        return np.array(rows, dtype=float), np.concatenate([NOTHING, *arrays])


class HiddenDesk(Desk):
    """A desk whose runs are known outside by names that tell nothing of them.

    The number that decides images and weights is drawn here and stays here; a layer that knew it
    could reckon the weights. The same seed draws the same number, so a run can be replayed.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._runs: dict[float, int] = {}

    def cases(self, rng: np.random.Generator) -> list[Case]:
        """Draw a run; the case names it."""
        number = int(rng.integers(1 << 62))
        name = int.from_bytes(hashlib.blake2b(str(number).encode(), digest_size=6).digest(), "big")
        self._runs[float(name)] = number
        return [Case("", (name,))]

    def _numbers(self, run: tuple[float, ...]) -> tuple[float, ...]:
        if len(run) != 1 or run[0] not in self._runs:
            raise ValueError("a run that was not drawn")
        return (self._runs[run[0]],)


def _shape(x: np.ndarray | int | None) -> tuple[int, int]:
    if isinstance(x, np.ndarray):
        return x.shape
    return 0, x or 0


def sealed(run: Sequence[float], results: np.ndarray, kind: str = "run") -> np.ndarray:
    """Return the receipt for the results of a run, 32 numbers of a byte each."""
    text = repr((kind, [float(k) for k in run])).encode() + np.asarray(results, "<f8").tobytes()
    return np.frombuffer(hmac.digest(_SECRET, text, hashlib.sha256), np.uint8)


def pattern(results: Sequence[float]) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Return a stand-in for an answer: it gives these results without any net being trained."""
    told = np.asarray(results, dtype=float)

    def stand_in(*run: float) -> tuple[np.ndarray, np.ndarray]:
        return told, sealed(run, told, "pattern")

    return stand_in


def opened(run: Sequence[float], results: np.ndarray, receipt: np.ndarray) -> bool:
    """Say whether the results come from a run, False for those of a `pattern`.

    Raises AnswerError where the receipt is neither's.
    """
    given = np.asarray(receipt)
    for kind in ("run", "pattern"):
        wanted = sealed(run, results, kind)
        if given.shape == wanted.shape and np.array_equal(given, wanted):
            return kind == "run"
    raise AnswerError("the results that came back are not those of the run that was ordered.")
