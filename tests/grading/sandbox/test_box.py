"""One notebook in the sandbox: what comes back, whatever the cells do."""

import contextlib
import os
import time

import numpy as np
import psutil
import pytest

from bncourse.grading.judge import judge
from bncourse.grading.sandbox.box import Question, Sandbox
from bncourse.grading.sandbox.tiers import IsolationError
from bncourse.grading.verdict import Status

FORWARD = """
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    x = x.astype(np.float64)
    inv_std = 1 / np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}
"""
UNDO = """
def undo_bn(x, eps):
    return np.sqrt(x.var(axis=0) + eps), x.mean(axis=0)
"""


def run(box, ready, *cells):
    return box.run(list(enumerate(cells, 1)), [r.question for r in ready])


def verdict(ran, ready):
    return judge(ready.task, ready.cases, ran.outcomes[ready.task.id], ready.seed)


def test_right_answers_come_back_right(box, forward, undo):
    ran = run(box, [forward, undo], "learner = 'Ada'", FORWARD, UNDO)
    assert verdict(ran, forward).ok and verdict(ran, undo).ok
    assert ran.learner == "Ada" and ran.stopped == {} and ran.flags == ()
    assert ran.kind == "light" and ran.tier == box.tier


def test_a_missing_answer_is_absent(box, forward, undo):
    ran = run(box, [forward, undo], FORWARD)
    assert ran.absent == {"3.5"} and verdict(ran, forward).ok


def test_the_first_cell_may_be_lost_and_cells_may_stand_too_early(box, forward):
    ran = run(box, [forward], "twice = double(2)", FORWARD, "def double(x):\n    return 2 * x")
    assert verdict(ran, forward).ok and ran.stopped == {}


def test_a_second_try_changes_no_name_that_later_cells_have_set(box, undo):
    earlier = "learner = 'not me'\ndef undo_bn(x, eps):\n    return 1\nundo_bn(too_early)"
    ran = run(box, [undo], earlier, UNDO, "learner = 'me'", "too_early = 1")
    assert verdict(ran, undo).status is not Status.ERROR
    assert ran.learner == "me"


def test_a_cell_that_stops_costs_only_itself(box, forward):
    ran = run(box, [forward], "1 / 0", FORWARD, "def (", "raise SystemExit", "import nowhere")
    assert verdict(ran, forward).ok
    kinds = {n: f.type for n, f in ran.stopped.items()}
    assert kinds == {
        1: "ZeroDivisionError", 3: "SyntaxError", 4: "SystemExit", 5: "ModuleNotFoundError",
    }  # fmt: skip
    assert ran.stopped[1].text == "1 / 0" and ran.stopped[1].line == 1


def test_an_endless_loop_costs_one_time_limit_and_nothing_else(box, forward, undo):
    loops = "def undo_bn(x, eps):\n    while True:\n        pass"
    begun = time.monotonic()
    ran = run(box, [forward, undo], FORWARD, loops)
    assert time.monotonic() - begun < 3 * box.time_limit + 5
    assert verdict(ran, forward).ok
    assert verdict(ran, undo).status is Status.ERROR
    assert verdict(ran, undo).seen == ("it was stopped after 1 seconds",)


STUBBORN = """
def undo_bn(x, eps):
    import signal
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
"""


@pytest.mark.parametrize(
    "bad",
    [
        STUBBORN,
        "import os\ndef undo_bn(x, eps):\n    os._exit(0)",
        "import ctypes\ndef undo_bn(x, eps):\n    ctypes.string_at(0)",
        "def undo_bn(x, eps):\n    return 10 ** 10 ** 9",
        "def undo_bn(x, eps):\n    return np.ones(10 ** 12)",
        "def undo_bn(x, eps):\n    raise KeyboardInterrupt",
    ],
    ids=["ignores the alarm", "os._exit", "segfault", "one long C call", "memory", "interrupt"],
)
def test_what_ends_or_hangs_the_process_costs_one_task(box, forward, undo, bad):
    ran = run(box, [undo, forward], bad, FORWARD)
    assert verdict(ran, forward).ok
    assert verdict(ran, undo).status is Status.ERROR
    assert verdict(run(box, [forward], FORWARD), forward).ok, "the next one is not affected"


@pytest.mark.parametrize("cell", ["import os; os._exit(1)", "while True: pass"])
def test_a_cell_that_ends_or_hangs_the_process_is_left_out(box, forward, cell):
    ran = run(box, [forward], "x = 1", cell, FORWARD)
    assert verdict(ran, forward).ok
    assert list(ran.stopped) == [2]


def test_all_of_a_notebook_has_a_limit_too(forward):
    with Sandbox(0.1, exactly="process") as box:
        box.run([(1, "1")], [])
        begun = time.monotonic()
        sleepers = ["import os; os._exit(0)"] * 60
        ran = run(box, [forward], *sleepers, FORWARD)
        assert time.monotonic() - begun < 20
        seen = verdict(ran, forward)
    assert not seen.ok and "used up its time" in seen.seen[0]


def test_magics_and_shell_lines_are_left_out(box, forward):
    cells = (
        "%matplotlib inline",
        "!ls /",
        "files = !ls",
        "np.sum?",
        "%%time\nfor_later = 3",
        "%timeit np.ones(3)",
        "%%bash\nrm -rf ~",
        FORWARD.replace("gamma * x_hat", "(for_later / 3) * gamma * x_hat"),
    )
    ran = run(box, [forward], *cells)
    assert verdict(ran, forward).ok and ran.stopped == {} and ran.kind == "magic"
    assert set(ran.flags) == {"a shell command was left out", "cell magic %%bash was left out"}


def test_cells_that_jupyter_understands_are_understood(box, forward):
    indented = "\n".join("    " + line for line in FORWARD.strip().splitlines())
    prompts = "In [3]: a = 1\nIn [4]: b = a"
    ran = run(box, [forward], indented, prompts, ">>> c = a + b", "assert c == 2",
              "import asyncio\nawait asyncio.sleep(0)\nd = 1", "assert d")  # fmt: skip
    assert ran.stopped == {} and verdict(ran, forward).ok


def test_remainders_and_comparisons_are_no_magics(box, forward):
    ran = run(box, [forward], "a = 7 % 3\nb = a != 1  # why?\nc = f'{a:>5}%'\nd = 'x = %s' % a",
              FORWARD)  # fmt: skip
    assert ran.kind == "light" and ran.stopped == {} and verdict(ran, forward).ok


def test_the_course_is_not_there(box, forward):
    cells = (
        "from bncourse import ask, check, explain, hint, progress",
        'check("3.3"); ask("3.1"); hint("3.3"); progress("batch_norm")',
        "def batchnorm_forward(*args):\n"
        "    from bncourse.layers.batch_norm import batchnorm_forward as f\n    return f(*args)",
    )
    ran = run(box, [forward], *cells)
    assert ran.stopped == {} and ran.flags == ("imports bncourse.layers",)
    assert "bncourse.layers is not here" in " ".join(verdict(ran, forward).seen)


def test_the_course_is_not_found_either_by_whoever_lets_it_be_looked_for(box, forward):
    """On every tier; where files are open it is found by whoever looks for it himself."""
    looking = (
        "import sys, importlib.machinery as m\n"
        "for name in [n for n in sys.modules if n.startswith('bncourse')]:\n"
        "    del sys.modules[name]\n"
        "sys.meta_path[:] = [m.BuiltinImporter, m.FrozenImporter, m.PathFinder]\n"
        "sys.path_importer_cache.clear()\n"
        "import bncourse.registry"
    )
    ran = run(box, [forward], looking, FORWARD)
    assert ran.stopped[1].type == "ModuleNotFoundError" and verdict(ran, forward).ok


def test_torch_layers_are_refused_by_every_name(box, forward):
    box.time_limit, before = 20.0, box.time_limit  # torch and a loaded machine take their time
    ways = {
        "functional": "torch.nn.functional.batch_norm(t, None, None, g, b, True)",
        "module": "torch.nn.BatchNorm1d(t.shape[1], dtype=t.dtype)(t)",
        "native": "torch.native_batch_norm(t, g, b, None, None, True, 0.1, 1e-5)[0]",
        "ops": "torch.ops.aten.batch_norm(t, g, b, None, None, True, 0.1, 1e-5, False)",
        "layer norm turned": "torch.nn.functional.layer_norm(t.T, (len(t),)).T",
        "nested": "torch.nn.functional.layer_norm(torch.nested.nested_tensor([t.T.contiguous()]), "
        "(len(t),), torch.ones(len(t)).double(), torch.zeros(len(t)).double())"
        ".to_padded_tensor(0.0)[0].T",
    }
    if box.tier == "process":  # where torch is loaded anew each time
        ways = {"functional": ways["functional"]}
    try:
        for way in ways.values():
            ran = run(
                box, [forward], "import torch",
                "def batchnorm_forward(x, gamma, beta, eps=1e-5):\n"
                "    t, g, b = (torch.tensor(a) for a in (x, gamma, beta))\n"
                f"    y = {way}.numpy()\n"
                "    return y, {'x_hat': y, 'inv_std': x[0], 'gamma': gamma}",
            )  # fmt: skip
            seen = verdict(ran, forward)
            assert ran.kind == "full" and "is refused here" in " ".join(seen.seen), way
            assert any("calls torch's" in flag for flag in ran.flags)
        ran = run(box, [forward], "import torch\nm = torch.ones(3).mean()", FORWARD)
        assert verdict(ran, forward).ok and ran.stopped == {}, "torch itself may be used"
    finally:
        box.time_limit = before


def test_torch_cannot_be_had_in_a_roundabout_way(box, forward):
    ran = run(box, [forward], "t = __import__('tor' + 'ch')", FORWARD)
    assert ran.stopped[1].type == "ImportError"
    assert ran.flags == ("imports torch in a roundabout way",)


def test_nothing_is_left_running_and_no_folder_is_left(box, forward, tmp_path, monkeypatch):
    run(box, [forward], "open('left.txt', 'w').write('x')", FORWARD)
    ran = run(box, [forward], "import os; seen = os.listdir('.')\nassert seen == [], seen", FORWARD)
    assert ran.stopped == {}, "what one has written the next does not see"
    if box.tier == "process":
        assert [p for p in psutil.Process().children() if "fresh_child" in str(p.cmdline())] == []


def test_results_of_every_kind_are_read_or_refused(box, undo):
    def undo_returning(first):
        return f"def undo_bn(x, eps):\n    return {first}, x.mean(axis=0)"

    for first in ("np.ma.masked_array(x[0])", "x[0].tolist()", "x[0].astype('>f8')",
                  "np.asmatrix(x[0])", "x[0].astype(np.longdouble)"):  # fmt: skip
        ran = run(box, [undo], undo_returning(first))
        assert all(o.values for o in ran.outcomes["3.5"]), first
    for first in ("'text'", "object()", "[None]", "np.array([1, 'a'], object)", "{}", "x.dtype",
                  "np.zeros((1,) * 12)", "np.datetime64('2026-01-01')"):  # fmt: skip
        ran = run(box, [undo], undo_returning(first))
        assert verdict(ran, undo).status in (Status.UNREADABLE, Status.UNRECOGNISED), first
        assert verdict(ran, undo).credit == 0


def test_secrets_of_the_environment_are_not_handed_on(box, forward, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "secret")
    ran = run(box, [forward], "import os; assert 'API_TOKEN' not in os.environ", FORWARD)
    assert ran.stopped == {}


CLOSED = {
    "fork": "import os; os.fork()",
    "subprocess": "import subprocess; subprocess.run(['true'])",
    "thread": "import threading; threading.Thread(target=print).start()",
    "socket": "import socket; socket.socket()",
    "kill parent": "import os; os.kill(os.getppid(), 9)",
    "kill all": "import os; os.kill(-1, 9)",
    "kill own group": "import os; os.kill(0, 9)",
    "home": f"import os; os.listdir({os.path.expanduser('~')!r})",
    "passwords": "open('/etc/passwd').read()",
    "answers": f"open({__file__!r}).read()",
    "write": "open('/tmp/from_a_learner', 'w')",
    "chmod": f"import os; os.chmod({__file__!r}, 0o777)",
    "touch": f"import os; os.utime({__file__!r})",
    "unlink": f"import os; os.unlink({__file__!r})",
    "mkdir": "import os; os.mkdir('sub')",
    "symlink": "import os; os.symlink('/etc', 'link')",
    "link": f"import os; os.link({__file__!r}, 'link')",
    "signal by fcntl": "import fcntl, os\nr, w = os.pipe()\nfcntl.fcntl(r, 8, os.getppid())",
    "other memory": "import os; open(f'/proc/{os.getppid()}/mem')",
    "ptrace": "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
              "if libc.ptrace(16, os.getppid(), 0, 0) < 0: raise OSError(ctypes.get_errno())",
    "raise limits": "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 60, 1 << 60))",
}  # fmt: skip


@pytest.mark.parametrize("what", CLOSED)
def test_what_a_learner_cannot_do(strong_box, forward, what):
    ran = run(strong_box, [forward], CLOSED[what], FORWARD)
    assert 1 in ran.stopped, f"{what} was possible"
    assert ran.stopped[1].type in (
        "PermissionError", "OSError", "RuntimeError", "FileNotFoundError", "ValueError",
        "ProcessLookupError",
    ), ran.stopped[1]  # fmt: skip
    assert verdict(ran, forward).ok


def test_files_are_few_and_small(strong_box, forward):
    many = "for k in range(100_000): open(str(k), 'w').write('x' * 10_000)"
    large = "f = open('large', 'wb')\nwhile True: f.write(b'x' * (1 << 20)); f.flush()"
    empty = "for k in range(1_000_000): open(str(k), 'w').close()"
    for cell in (many, large, empty):
        ran = run(strong_box, [forward], cell, FORWARD)
        found = verdict(ran, forward)
        # Who looks at the full folder before the cell has failed ends the whole notebook.
        assert (1 in ran.stopped and found.ok) or "it wrote more files than it may" in found.seen
    assert run(strong_box, [forward], "open('small', 'w').write('x')", FORWARD).stopped == {}


def test_a_runner_that_was_killed_is_replaced(forward):
    with Sandbox(1.0) as box:
        run(box, [forward], FORWARD)
        if box.tier == "process":
            pytest.skip("there is no warm runner")
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):  # ended with the one that held it
                child.kill()
        assert verdict(run(box, [forward], FORWARD), forward).ok


def test_a_tier_that_cannot_be_had_is_refused_with_the_reason(monkeypatch):
    monkeypatch.setattr("bncourse.grading.sandbox.landlock.version", lambda: 0)
    with pytest.raises(IsolationError, match="landlock"), Sandbox(exactly="landlock") as box:
        box.run([(1, "1")], [])
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(IsolationError, match=r"bubblewrap.*not installed"):
        Sandbox(at_least="namespaces").run([(1, "1")], [])
    with Sandbox() as box:
        box.run([(1, "1")], [])
        assert box.tier == "process"


def test_outcomes_are_copies_of_plain_arrays(box, forward):
    ran = run(box, [forward], FORWARD)
    for outcome in ran.outcomes["3.3"]:
        for array in outcome.values.values():
            assert type(array) is np.ndarray and array.flags.owndata


def test_the_refusal_cannot_be_taken_back_nor_got_round_by_torchs_own_python(forward):
    call = "torch.nn.functional.batch_norm(t, None, None, g, b, True)"
    written_out = (
        "torch._decomp.decompositions.native_batch_norm(t, g, b, None, None, True, 0, eps)[0]"
    )
    undone = (
        "import gc\n"
        "for o in gc.get_objects():\n"
        "    for name in ('_destroy', 'reset'):\n"
        "        if type(o).__module__.startswith('torch') and hasattr(type(o), name):\n"
        "            getattr(o, name)()"
    )
    with Sandbox(20.0) as box:
        for before, way in ((undone, call), ("0", written_out)):
            ran = run(
                box, [forward], "import torch", before,
                "def batchnorm_forward(x, gamma, beta, eps=1e-5):\n"
                "    t, g, b = (torch.tensor(a) for a in (x, gamma, beta))\n"
                f"    y = {way}.numpy()\n"
                "    return y, {'x_hat': y, 'inv_std': x[0], 'gamma': gamma}",
            )  # fmt: skip
            assert "is refused here" in " ".join(verdict(ran, forward).seen), (ran.stopped, way)
            assert any("calls torch's" in flag for flag in ran.flags)


def test_a_task_that_allows_library_layers_gets_them(forward):
    asked = {**forward.question.asked, "library_layers": True}
    question = Question("3.3", asked, forward.cases)
    own = (
        "def batchnorm_forward(x, gamma, beta, eps=1e-5):\n"
        "    t, g, b = (torch.tensor(a) for a in (x, gamma, beta))\n"
        "    y = torch.nn.functional.batch_norm(t, None, None, g, b, True, eps=eps).numpy()\n"
        "    return y, {'x_hat': y, 'inv_std': x[0], 'gamma': gamma}"
    )
    with Sandbox(20.0) as box:
        ran = box.run([(1, "import torch"), (2, own)], [question])
    assert all(o.values for o in ran.outcomes["3.3"]) and ran.flags == ()
