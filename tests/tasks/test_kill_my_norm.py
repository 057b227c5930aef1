"""Exercise 10.6 with suites as learners write them, and with some that would rather not."""

from inspect import unwrap

import numpy as np
import pytest

from bncourse.grade.prepared import prepare
from bncourse.grading import tags
from bncourse.grading.judge import judge
from bncourse.grading.run_local import run_cases
from bncourse.grading.sandbox.box import Sandbox
from bncourse.grading.sandbox.tiers import PROCESS, IsolationError
from bncourse.grading.verdict import Status
from bncourse.tasks.group_norm.kill_bank import RIGHT, WRONG
from bncourse.tasks.group_norm.kill_my_norm import TASK, THEMES
from bncourse.tasks.group_norm.kill_tags import TAGS

AXES = (0, 2, 3)


def judged(suite, seed=3):
    cases = TASK.draw(seed)
    return judge(TASK, cases, run_cases(TASK, suite, cases), seed)


def suite(eps=0.1, momentum=0.3, gamma=(-1.0, 2.0, 0.5), beta=(1.0, 2.0, -3.0), shape=(4, 3, 2, 5),
          rtol=1e-9, parts=("memory", "evaluation", "traces", "backward", "far"), ddof=1,
          same=None):  # fmt: skip
    """Return tests that compare with a reference written here."""
    same = same or (lambda a, b: np.allclose(a, b, rtol=rtol, atol=rtol))

    def wide(v):
        return np.reshape(v, (1, -1, 1, 1))

    def is_batch_norm(make):
        rng, channels = np.random.default_rng(5), shape[1]
        layer = make(channels, eps=eps, momentum=momentum)
        layer.gamma, layer.beta = np.array(gamma[:channels]), np.array(beta[:channels])
        x, dy = rng.normal(3, 2, shape), rng.normal(0, 1, shape)
        sd = np.sqrt(x.var(AXES, keepdims=True) + eps)
        z = (x - x.mean(AXES, keepdims=True)) / sd
        ok = [same(layer.forward(x), wide(layer.gamma) * z + wide(layer.beta))]
        if "backward" in parts:
            g = dy * wide(layer.gamma)
            dx = (g - g.mean(AXES, keepdims=True) - z * (g * z).mean(AXES, keepdims=True)) / sd
            ok.append(same(layer.backward(dy)[0], dx))
        if "memory" in parts:
            ok.append(same(layer.running_mean, momentum * x.mean(AXES)))
            ok.append(same(layer.running_var, 1 - momentum + momentum * x.var(AXES, ddof=ddof)))
        layer.eval()
        before = layer.running_mean.copy(), layer.running_var.copy()
        if "evaluation" in parts:
            y = wide(layer.gamma) * (x - wide(before[0])) / np.sqrt(wide(before[1]) + eps)
            ok.append(same(layer.forward(x), y + wide(layer.beta)))
        if "traces" in parts:
            layer.forward(x)
            ok.append(same(before, (layer.running_mean, layer.running_var)))
        if "far" in parts:
            far = rng.normal(1e4, 1, shape).astype(np.float32)
            ok.append(np.abs(make(channels).forward(far).std(AXES) - 1).max() < 0.05)
        return all(map(bool, ok))

    return is_batch_norm


def without(*names):
    return tuple(p for p in ("memory", "evaluation", "traces", "backward", "far") if p not in names)


def test_a_suite_that_compares_everything_is_right():
    found = judged(suite())
    assert found.ok, found.seen


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        ({"parts": without("backward")}, {"no backward"}),
        ({"parts": without("evaluation", "traces")}, {"evaluation never tried"}),
        ({"parts": without("traces")}, {"traces of evaluation"}),
        ({"parts": without("memory")}, {"memory never looked at"}),
        ({"parts": without("far")}, {"nothing far from zero"}),
        ({"parts": ()}, {"only y in training"}),
        ({"parts": (), "eps": 1e-5, "rtol": 1e-5}, {"only y in training"}),
        ({"momentum": 0.1}, {"momentum never set"}),
        ({"momentum": 0.5}, {"momentum is a half"}),
        ({"eps": 1e-5}, {"eps never set"}),
        ({"eps": 1e-12}, {"eps too small to show"}),
        ({"gamma": (1.0, 1, 1), "beta": (0.0, 0, 0)}, {"gamma is one"}),
        ({"gamma": (1.0, 2, 3)}, {"gamma is positive"}),
        ({"gamma": (-2.0, -2, -2), "beta": (1.0, 1, 1)}, {"channels alike in gamma"}),
        ({"beta": (0.0, 0, 0)}, {"beta is zero"}),
        ({"shape": (1, 3, 4, 4)}, {"one image"}),
        ({"shape": (7, 1, 3, 3)}, {"one channel"}),
        ({"shape": (7, 3, 1, 1)}, {"no pixels"}),
        ({"shape": (7, 3, 4, 1)}, {"one column of pixels"}),
        ({"rtol": 1e-6}, {"few digits"}),
        ({"same": np.array_equal, "parts": without("backward")}, {"no backward", "exact equality"}),
        ({"ddof": 0}, {"biased running variance expected"}),
        ({"parts": without("far", "backward")}, {"no backward", "nothing far from zero"}),
        ({"eps": 1e-5, "momentum": 0.1, "rtol": 1e-5, "parts": without("far")},
         {"numbers too easy"}),
        ({"eps": 1e-5, "momentum": 0.1, "rtol": 1e-5, "parts": without("far", "backward")},
         {"no backward"}),
    ],
)  # fmt: skip
def test_a_blind_spot_is_named(settings, keys):
    found = judged(suite(**settings))
    assert set(found.misconceptions) == keys, found.seen


def two_usual_tests(make):
    x = np.random.default_rng(0).normal(3, 2, (8, 4, 5, 5))
    layer = make(4)
    y = layer.forward(x)
    apart = np.abs(y.mean(AXES)).max(), np.abs(y.std(AXES) - 1).max()
    layer.eval()
    return bool(max(apart) < 1e-3 and not np.allclose(layer.forward(x), y))


def test_the_two_usual_tests_let_three_of_four_wrong_layers_through():
    found = judged(two_usual_tests)
    assert found.seen[:2] == ("it rejects 7 of 28 wrong layers", "and accepts 6 of 6 right ones")
    assert found.credit == pytest.approx(7 / 28)
    assert found.misconceptions == ("mean and sd in the place of y",)
    assert found.seen[-1].endswith("what is remembered; the backward pass; rounding")


def test_each_false_alarm_costs_a_quarter():
    right = suite(parts=without("backward"), same=lambda a, b: np.allclose(a, b, 1e-9, 1e-9))
    alarms = judged(suite(same=np.array_equal, parts=without("backward")))
    assert judged(right).credit - alarms.credit == pytest.approx(0.25)
    assert alarms.seen[1] == "and accepts 5 of 6 right ones" and "last digits" in alarms.seen[3]
    assert judged(lambda make: False).credit == judged(lambda make: True).credit == 0


def test_variants_of_a_slip_have_its_name():
    bank = [(m.key, v) for m in TASK.misconceptions for v in m.variants]
    for key, variant in bank[::19]:
        assert judged(unwrap(variant)).misconceptions == (key,)


def test_what_is_told_betrays_no_layer():
    for answer in (two_usual_tests, suite(parts=()), lambda make: False, lambda make: 1 // 0):
        found = judged(answer)
        told = " ".join((*found.seen, *found.notes, *found.passed, *found.failed))
        assert not any(name in told for name in (*RIGHT, *WRONG))


def test_the_themes_hold_each_wrong_layer_once():
    names = [name for theme in THEMES.values() for name in theme]
    assert sorted(names) == sorted(WRONG) and len(RIGHT) == 6 and len(WRONG) == 28


def test_tests_may_assert_and_must_say_yes_in_the_end():
    whole = suite()

    def asserts(make):
        assert whole(make)
        return True

    def silent(make):
        assert whole(make)

    assert judged(asserts).ok
    found = judged(silent, 1)
    assert found.status is Status.UNREADABLE and found.credit == 0
    assert judged(TASK.stub).status is Status.NOT_STARTED
    assert "True or False" in judged(lambda make: 1.0).seen[0]


def test_a_seed_deals_the_same_layers_in_the_same_order_under_any_secret(monkeypatch):
    first = [c.args[0] for c in TASK.draw(4)]
    assert first == [c.args[0] for c in TASK.draw(4)]
    numbers = list(map(TAGS.number_of, first))
    assert sorted(numbers) == list(range(34)) and numbers != sorted(numbers)
    monkeypatch.setattr(tags, "_SECRET", b"of another process")
    assert list(map(TAGS.number_of, first)) != numbers  # a tag alone tells nothing
    assert [TAGS.number_of(c.args[0]) for c in TASK.draw(4)] == numbers


LOOK = """
def tag_of(make):
    ask = make.__closure__[0].cell_contents
    return next(c.cell_contents for c in ask.__closure__ if isinstance(c.cell_contents, int))

"""
CHEATS = {
    "the number in the closure": "return tag_of(make) < 6",
    "its remainder": "return tag_of(make) % 34 < 6",
    "the order": "seen.append(tag_of(make)); return len(seen) <= 6",
    "the order of the numbers": "seen.append(tag_of(make)); return seen[-1] == min(seen)",
    "the course": "from bncourse.tasks.group_norm.kill_tags import TAGS\n"
    "    return TAGS.number_of(tag_of(make)) < 6",
    "names in memory": "import gc\n"
    "    return not any(isinstance(o, dict) and ('_SECRET' in o or 'layer norm' in o)"
    " for o in gc.get_objects())",
    "names in frames": "import sys\n    frame = sys._getframe()\n    while frame:\n"
    "        if any('layer norm' in repr(v) for v in frame.f_locals.values()): return False\n"
    "        frame = frame.f_back\n    return True",
}


@pytest.fixture(scope="module")
def sandbox():
    try:
        with Sandbox(5.0, exactly=PROCESS) as box:
            yield box, prepare(TASK, 5)
    except IsolationError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("how", CHEATS)
def test_where_marks_are_given_looking_around_tells_nothing(sandbox, how):
    box, ready = sandbox
    code = f"import numpy as np\nseen = []\n{LOOK}def is_batch_norm(make):\n    {CHEATS[how]}\n"
    ran = box.run([(1, code)], [ready.question])
    found = judge(ready.task, ready.cases, ran.outcomes["10.6"], ready.seed)
    assert not found.ok and found.credit < 0.3, (found.seen, found.printed)


def test_where_marks_are_given_a_right_suite_is_right(sandbox):
    box, ready = sandbox
    code = """
from inspect import unwrap

import numpy as np
def is_batch_norm(make):
    layer = make(2, eps=0.1)
    layer.gamma = np.array([-2.0, 0.5])
    x = np.random.default_rng(0).normal(1, 2, (3, 2, 4, 5))
    z = (x - x.mean((0, 2, 3), keepdims=True)) / np.sqrt(x.var((0, 2, 3), keepdims=True) + 0.1)
    return bool(np.allclose(layer.forward(x), layer.gamma[:, None, None] * z, 1e-9, 1e-9))
"""
    ran = box.run([(1, code)], [ready.question])
    found = judge(ready.task, ready.cases, ran.outcomes["10.6"], ready.seed)
    assert found.seen[:2] == ("it rejects 15 of 28 wrong layers", "and accepts 6 of 6 right ones")
