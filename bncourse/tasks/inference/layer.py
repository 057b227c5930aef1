"""5.3: write the layer with two modes and a memory; judged by lives that it has to live."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bncourse.grading.evidence import Evidence
from bncourse.grading.kinds import driven_task
from bncourse.grading.layer_lives import LIVED, OTHERWISE, live_through
from bncourse.grading.task import Case
from bncourse.grading.words import array
from bncourse.tasks.inference.layer_slips import MISCONCEPTIONS
from bncourse.tasks.inference.layer_switches import BatchNorm1d

LIVES = 30
# What happens how often; a batch is what most often happens to a layer.
# What each life must meet besides, in turn, so that nothing hangs on the draw. One row has
# three features, a "row" has one.
MEETS = (
    ("batch", "eval", "batch", "one row", "train", "one row", "batch"),
    ("save", "batch", "load", "batch", "load", "eval", "batch"),
    ("batch", "eval", "reset", "batch"),
    ("batch", "eval", "save", "load", "batch"),
    ("batch", "row", "batch", "eval", "batch"),
    ("batch", "save", "batch", "restore", "eval", "batch"),
    ("batch", "other", "eval", "batch"),
    ("eval", "one row", "reset", "one row"),
    ("batch", "batch", "reset", "eval", "batch"),
    (),
)
WEIGHTS = {"batch": 8, "one row": 1, "train": 2, "eval": 3, "reset": 1, "save": 1, "load": 1}


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw random lives of random length; into most of them something is put that must be met."""
    return [_life(rng, int(rng.integers(1, 11)), MEETS[k % len(MEETS)]) for k in range(LIVES)]


def _life(rng: np.random.Generator, length: int, meets: tuple[str, ...]) -> Case:
    d = 3 if "one row" in meets else 1 if "row" in meets else int(rng.integers(1, 4))
    kinds = rng.choice(list(WEIGHTS), length, p=np.array(list(WEIGHTS.values())) / 17)
    events = [_event(rng, str(kind), d) for kind in kinds]
    events[3:3] = [_event(rng, kind, d) for kind in meets]
    events = _sensible(events) or [_event(rng, "batch", d)]
    gamma, beta = rng.choice([-1, 1], d) * rng.uniform(0.5, 2, d), rng.normal(0, 1, d)
    eps, momentum = float(rng.choice([0.01, 0.1])), float(rng.choice([0.05, 0.1, 0.3]))
    return Case("", (gamma.round(1), beta.round(1) + 0.0, eps, momentum, events))


def _event(rng: np.random.Generator, kind: str, d: int) -> tuple:
    if kind in ("batch", "one row", "row", "other"):
        m = 1 if kind in ("one row", "row") else int(rng.integers(2, 5))
        return (
            "other" if kind == "other" else "forward",
            rng.normal(rng.uniform(-3, 3), 2, (m, d)).round() + 0.0,
        )
    return (kind,)


def _sensible(events: list[tuple]) -> list[tuple]:
    """Leave out what loads before anything was saved."""
    first = next((k for k, e in enumerate(events) if e[0] == "save"), len(events))
    return [e for k, e in enumerate(events) if e[0] not in ("load", "restore") or k > first]


def smaller(case: Case) -> Iterator[Case]:
    """Yield the life without one of its events, and with simpler numbers."""
    gamma, beta, eps, momentum, events = case.args
    for k in range(len(events)):
        rest = _sensible([*events[:k], *events[k + 1 :]])
        if rest:
            yield Case("", (gamma, beta, eps, momentum, rest))
    if len(gamma) > 1:
        first = [(e[0], e[1][:, :1]) if len(e) > 1 else e for e in events]
        yield Case("", (gamma[:1], beta[:1], eps, momentum, first))
    for k, event in enumerate(events):
        if len(event) > 1 and len(event[1]) > 2:
            shorter = [*events[:k], (event[0], event[1][:2]), *events[k + 1 :]]
            yield Case("", (gamma, beta, eps, momentum, shorter))


def tell(evidence: Evidence) -> tuple[str, ...]:
    """Write the shortest life that went wrong as lines of code, and what came of it."""
    worst = evidence.smallest_failing()
    gamma, beta, eps, momentum, events = worst.case.args
    got, wanted = worst.outcome.values, worst.wanted
    lines = [
        f"layer = BatchNorm1d({len(gamma)}, eps={eps:g}, momentum={momentum:g})",
        f"layer.gamma, layer.beta = {_code(gamma)}, {_code(beta)}",
    ]
    last = _first_difference(events, got, wanted)
    make = lines[0].removeprefix("layer = ")
    for k, event in enumerate(events[: last + 1]):
        if event[0] == "forward" and wanted["refused"][k] and k < last:
            lines.append(f"try: layer.forward({_code(event[1])})")
            lines.append("except ValueError: pass")
        else:
            lines += {
                "forward": lambda e: [f"y = layer.forward({_code(e[1])})"],
                "other": lambda e: [f"{make}.forward({_code(e[1])})  # another layer"],
                "save": lambda e: ["saved = layer.state()"],
                "load": lambda e: [f"layer = {make}", "layer.load(saved)"],
                "restore": lambda e: ["layer.load(saved)"],
            }.get(event[0], lambda e: [f"layer.{e[0]}()"])(event)
    if any(np.isnan(got[name]).any() for name in ("running_mean", "running_var", "y")):
        lines.append("# after each line the arrays from layer.state() were filled with nan")
    return (*lines, _outcome(events, last, got, wanted, worst.outcome.mutated))


def _code(a: np.ndarray) -> str:
    return f"np.array({a.tolist()})"


def _rows(events: list[tuple], refused: np.ndarray, y: np.ndarray, d: int) -> list[np.ndarray]:
    """Return the output of each event: cut from all outputs, one after the other."""
    parts, start = [], 0
    for event, no in zip(events, refused, strict=False):
        size = event[1].size if event[0] == "forward" and not no else 0
        parts.append(y[start : start + size])
        start += size
    return parts


def _first_difference(events: list[tuple], got: dict, wanted: dict) -> int:
    d = wanted["running_mean"].shape[1]
    ours = _rows(events, wanted["refused"], wanted["y"], d)
    theirs = _rows(events, got["refused"], got["y"], d)
    for k in range(len(events)):
        same = got["refused"][k] == wanted["refused"][k] and np.allclose(
            ours[k], theirs[k] if theirs[k].shape == ours[k].shape else np.inf
        )
        for name in ("running_mean", "running_var"):
            same = same and got[name].shape == wanted[name].shape
            same = same and np.allclose(got[name][k], wanted[name][k])
        if not same:
            return k
    return len(events) - 1


def _outcome(events: list[tuple], k: int, got: dict, wanted: dict, mutated: tuple) -> str:
    d = wanted["running_mean"].shape[1]
    if got["refused"][k] != wanted["refused"][k]:
        if got["refused"][k] == OTHERWISE:
            return "it raised, but no ValueError"
        if wanted["refused"][k]:
            return "nothing was raised; ValueError was expected for one row in training"
        return "a ValueError was raised; an answer was expected"
    ours = _rows(events, wanted["refused"], wanted["y"], d)[k]
    theirs = _rows(events, got["refused"], got["y"], d)[k]
    if ours.shape != theirs.shape or not np.allclose(ours, theirs):
        shape = events[k][1].shape
        if theirs.shape == ours.shape:
            theirs, ours = theirs.reshape(shape), ours.reshape(shape)
        return f"then y is {array(theirs)}; expected {array(ours)}"
    for name in ("running_mean", "running_var"):
        if got[name].shape != wanted[name].shape:
            return f"{name} has shape {got[name].shape[1:]}; expected {wanted[name].shape[1:]}"
        if not np.allclose(got[name][k], wanted[name][k]):
            came, expected = array(got[name][k]), array(wanted[name][k])
            return f'then state()["{name}"] is {came}; expected {expected}'
    return "afterwards the batch held other numbers" if mutated else "the last digits differ"


class _Careful:
    """Another style: everything in one dictionary of copies, the mode as a string."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.settings, self.mode, self.d = (eps, momentum), "train", num_features
        self.reset()

    def train(self):
        self.mode = "train"

    def eval(self):
        self.mode = "eval"

    def reset(self):
        self.stats = np.stack([np.zeros(self.d), np.ones(self.d)])

    def state(self):
        mean, var = self.stats.copy()
        return {
            "gamma": self.gamma.copy(), "beta": self.beta.copy(), "running_mean": mean,
            "running_var": var,
        }  # fmt: skip

    def load(self, state):
        self.gamma, self.beta = np.array(state["gamma"]), np.array(state["beta"])
        self.stats = np.stack([state["running_mean"], state["running_var"]])

    def forward(self, x):
        eps, m = self.settings
        mean, var = self.stats
        if self.mode == "train":
            if len(x) < 2:
                raise ValueError("one row")
            mean, var = x.mean(0), x.var(0)
            self.stats = (1 - m) * self.stats + m * np.stack([mean, x.var(0, ddof=1)])
        return (x - mean) / np.sqrt(var + eps) * self.gamma + self.beta


class Stub:
    """The exercise as learners find it."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)

    def train(self):
        """Do nothing."""

    eval = reset = state = train

    def load(self, state):
        """Do nothing."""

    def forward(self, x):
        """Do nothing."""


TASK = driven_task(
    live_through,
    id="5.3",
    title="the layer with a memory",
    entry="BatchNorm1d",
    objective="Write a layer whose two modes differ in what they use and in what they remember",
    minutes=30,
    params=("gamma", "beta", "eps", "momentum", "events"),
    outputs=LIVED,
    cases=cases,
    reference=BatchNorm1d,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Run forward twice in evaluation mode and print the two running arrays each time. Should "
        "they change? Then do the same in training mode.",
        "Training answers with this batch and remembers it; evaluation answers with the memory and "
        "remembers nothing. The memory estimates a population: which variance belongs there, and "
        "which one normalises?",
        "The mean in full: self.running_mean = (1 - self.momentum) * self.running_mean + "
        "self.momentum * x.mean(axis=0). Write the variance's line likewise, with x.var(axis=0, "
        "ddof=1). In training the batch itself is divided by x.var(axis=0) + eps, under the root.",
    ),
    stub=Stub,
    accepted=(_Careful,),
    switchboard=BatchNorm1d,
    smaller=smaller,
    tell=tell,
)
