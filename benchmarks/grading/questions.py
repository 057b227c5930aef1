"""The other tools' tests: the same behaviour that this project's cases ask for, on fixed seeds.

Plain asserts and numpy.testing, in the learner's namespace, as those tools have it. Each task has
one visible test without points and hidden tests that share its point: one for a function, one for
each field of a form.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.grading.exercise import EVERYBODY
from bncourse.grading.learner import personal_seed
from bncourse.registry import find


@dataclass(frozen=True)
class Question:
    """A task's tests: what learners see, and the hidden ones with the points of each."""

    entry: str
    visible: str
    hidden: tuple[tuple[float, str], ...]


AGREE = """\
def _agree(got, wanted, rtol=1e-7):
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.dtype.kind == "f" and got.dtype.itemsize >= wanted.dtype.itemsize
    np.testing.assert_allclose(got, wanted, rtol=0, atol=rtol * np.abs(wanted).max())
"""

FORWARD = (
    AGREE
    + """
def _expected(x, gamma, beta, eps):
    mean = x.mean(axis=0)
    inv_std = 1 / np.sqrt(((x - mean) ** 2).mean(axis=0) + eps)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, x_hat, inv_std

def _draw(n, d, eps, mean=2.0, sd=3.0, rtol=1e-7, dtype=float, strided=False):
    x = _rng.normal(mean, sd, (n, d)) * _rng.uniform(0.5, 2, d)
    x = np.repeat(x, 2, axis=1)[:, ::2] if strided else x
    gamma = _rng.choice([-1, 1], d) * _rng.uniform(0.5, 2, d)
    beta = _rng.normal(1, 1, d)
    arrays = [a.astype(dtype, copy=False) for a in (x, gamma, beta)]
    return *arrays, eps, rtol

_rng = np.random.default_rng(303)
_five = np.array([[1.0], [3.0], [5.0], [7.0], [9.0]])
_constant = _draw(5, 2, 1e-5)
_constant[0][:, 0] = 3.0
_cases = [
    (_five, np.ones(1), np.zeros(1), 1e-5, 1e-7),
    _draw(3, 2, 1e-2),
    _draw(2, 3, 1e-5),
    _draw(4, 3, 1.0),
    _constant,
    _draw(6, 2, 1e-5, mean=0.0, sd=1e-3),
    _draw(4, 7, 1e-3),
    _draw(7, 3, 1e-5, strided=True),
    _draw(11, 3, 1e-5, mean=1e4, sd=0.3, rtol=2e-2, dtype=np.float32),
]
for _x, _gamma, _beta, _eps, _rtol in _cases:
    _given = _x.copy(), _gamma.copy(), _beta.copy()
    _wanted = _expected(_x, _gamma, _beta, _eps)
    _y, _cache = batchnorm_forward(_x, _gamma, _beta, _eps)
    _agree(_y, _wanted[0], _rtol)
    _agree(_cache["x_hat"], _wanted[1], _rtol)
    _agree(np.reshape(_cache["inv_std"], -1), _wanted[2], _rtol)
    _agree(_cache["gamma"], _given[1], _rtol)
    for _now, _before in zip((_x, _gamma, _beta), _given):
        np.testing.assert_array_equal(_now, _before)
"""
)

FORWARD_SEEN = """\
_x = np.array([[3.0, 100.0], [11.0, 101.0]])
_y, _cache = batchnorm_forward(_x, np.ones(2), np.zeros(2))
assert sorted(_cache) == ["gamma", "inv_std", "x_hat"]
np.testing.assert_allclose(_y, [[-1.0, -1.0], [1.0, 1.0]], atol=1e-4)
"""

UNDO = (
    AGREE
    + """
_rng = np.random.default_rng(305)

def _draw(n, d, eps, sd=2.0):
    return _rng.normal(3.0, sd, (n, d)) * _rng.uniform(0.5, 2, d), eps

_five = np.array([[1.0], [3.0], [5.0], [7.0], [9.0]])
_cases = [(_five, 1e-5), _draw(5, 3, 1.0), _draw(4, 2, 1e-2), _draw(6, 2, 1e-4, sd=0.02)]
for _x, _eps in _cases:
    _given = _x.copy()
    _gamma, _beta = undo_bn(_x, _eps)
    _agree(np.reshape(_gamma, -1), np.sqrt(_given.var(axis=0) + _eps))
    _agree(np.reshape(_beta, -1), _given.mean(axis=0))
    np.testing.assert_array_equal(_x, _given)
"""
)

UNDO_SEEN = """\
_gamma, _beta = undo_bn(np.array([[1.0], [3.0], [5.0], [7.0], [9.0]]), 0.0)
np.testing.assert_allclose(_gamma, [8**0.5])
np.testing.assert_allclose(_beta, [5.0])
"""

STEPS = (
    AGREE
    + """
def _expected(x, gamma, beta, running, alpha, eps, training):
    batch = np.stack([x.mean(axis=0), x.var(axis=0)])
    if training:
        running = alpha * running + (1 - alpha) * batch
    mean, var = batch if training else running
    return gamma * (x - mean) / np.sqrt(var + eps) + beta, running

_lines = {lines!r}
_names = step_order if isinstance(step_order, list) else step_order.split()
assert len(set(_names)) == len(_names)
_space = {{"np": np}}
exec("\\n".join([{head!r}] + [_lines[n] for n in _names] + [{tail!r}]), _space)
_rng = np.random.default_rng(302)
_five, _start = np.array([[1.0], [3.0], [5.0], [7.0], [9.0]]), np.array([[0.0], [1.0]])
for _training in (True, False):
    _x = _rng.normal(_rng.uniform(-3, 3, 3), _rng.uniform(0.5, 3, 3), (6, 3))
    _running = np.stack([_rng.normal(size=3), _rng.uniform(0.5, 2, 3)])
    for _args in (
        (_x, _rng.normal(1, 0.5, 3), _rng.normal(size=3), _running, 0.8, 1e-2, _training),
        (_five, np.ones(1), np.zeros(1), _start, 0.9, 1e-5, _training),
    ):
        _got, _wanted = _space["bn_step"](*_args), _expected(*_args)
        _agree(_got[0], _wanted[0])
        _agree(_got[1], _wanted[1])
"""
)

STEPS_SEEN = """\
assert step_order and set(step_order) <= set("ABCDEFGHK ")
"""

BY_HAND = {
    "mean": "_x.mean()",
    "variance": "_x.var()",
    "x_hat_1": "(_x[0] - _x.mean()) / _x.std()",
    "y_1": "2 * (_x[0] - _x.mean()) / _x.std() + 1",
}
HEAD_COUNT = {
    "trainable": "_d * _h + _h + 2 * _h + _h * _o + _o",
    "without_bias": "_d * _h + 2 * _h + _h * _o + _o",
    "buffers": "2 * _h + 1",
    "idle": "b",
}
ANOTHER_BATCH = {"mean_out": "_m1", "sd_out": "_s1", "sample_out": "_m1 + _s1", "what": "b"}


def questions() -> tuple[Question, ...]:
    """Return the tests of the six marked tasks, in the exercise's order."""
    x = _numbers("by_hand")["x"].tolist()
    net, batches = _numbers("head_count"), _numbers("another_batch")
    sizes = "_d, _h, _o = {d_in}, {hidden}, {d_out}\n".format(**net)
    assembly = find("step_order").form
    steps = STEPS.format(
        lines={line.name: line.code for line in assembly.lines},
        head=assembly.head,
        tail=assembly.tail,
    )
    return (
        _form("by_hand", f"_x = np.array({x})\n", BY_HAND),
        Question("step_order", STEPS_SEEN, ((1, steps),)),
        Question("batchnorm_forward", FORWARD_SEEN, ((1, FORWARD),)),
        _form("head_count", sizes, HEAD_COUNT, rtol=0),
        Question("undo_bn", UNDO_SEEN, ((1, UNDO),)),
        _form("another_batch", "_m1, _s1 = {m1}, {s1}\n".format(**batches), ANOTHER_BATCH),
    )


def _numbers(entry: str) -> Mapping:
    task = find(entry)
    return task.draw(personal_seed(EVERYBODY, task.id))[0].args[0]


def _form(entry: str, given: str, wanted: Mapping[str, str], rtol: float = 5e-3) -> Question:
    visible = f"assert {sorted(wanted)} == sorted(set({entry}) - {{'confidence'}})\n"
    tests = []
    for name, value in wanted.items():
        if value == "b":
            test = f"assert {entry}[{name!r}].strip().lower() == 'b'\n"
        else:
            test = (
                f"{given}np.testing.assert_allclose(float({entry}[{name!r}]), {value}, "
                f"rtol={rtol}, atol=0)\n"
            )
        tests.append((1 / len(wanted), test))
    return Question(entry, visible, tuple(tests))
