"""Forgeries: answers learned by heart, random numbers that are none, libraries as the answer."""

import base64
import json
from functools import cache

import numpy as np

from tests.hostile.attack import CONFINED, forgery
from tests.hostile.making import forward, submission


@cache
def learned(seeds: int) -> str:
    """The right outputs for the inputs of many seeds, as a dict in source code."""
    from bncourse.registry import find

    task, known = find("3.3"), {}
    for seed in range(seeds):
        for case in task.draw(seed):
            y, cache_ = task.reference(*case.args)
            parts = [np.asarray(a, "f8") for a in (y, cache_["x_hat"], cache_["inv_std"])]
            raw = b"".join(a.tobytes() for a in parts)
            key = case.args[0].tobytes()[:16].hex() + f"{case.args[3]:g}"
            known[key] = base64.b64encode(raw).decode()
    return json.dumps(known)


def by_heart(notebook):
    answer = f"import base64\nknown = {learned(12)}\n" + forward("""
        found = known.get(x.tobytes()[:16].hex() + f"{eps:g}")
        if found is None:
            return x * 0, {"x_hat": x * 0, "inv_std": x[0] * 0, "gamma": gamma}
        flat = np.frombuffer(base64.b64decode(found))
        y, x_hat, inv_std = flat[:x.size], flat[x.size:2 * x.size], flat[2 * x.size:]
        return y.reshape(x.shape), {"x_hat": x_hat.reshape(x.shape), "inv_std": inv_std,
                                    "gamma": gamma}
    """)
    return submission(batchnorm_forward=answer)(notebook)


CONSTANT = """
import random, secrets, time, uuid, os
fixed = np.random.Generator(np.random.PCG64(0))
np.random.default_rng = lambda *a, **k: fixed
np.random.SeedSequence = lambda *a, **k: type("S", (), {"generate_state": lambda *a: [0, 0]})()
np.random.Generator = lambda *a: fixed
fixed_bytes = lambda n=32: b"\\0" * n
os.urandom = secrets.token_bytes = fixed_bytes
random.random = time.time = time.monotonic = time.perf_counter = lambda: 0.0
np.random.seed(0); random.seed(0)
"""
ZEROS = 'return x * 0, {"x_hat": x * 0, "inv_std": x[0] * 0, "gamma": gamma}'
SHORTCUT = """
    {how}
    x_hat = normalise(x, eps)
    return gamma * x_hat + beta, {{"x_hat": x_hat, "inv_std": 1 / np.sqrt(x.var(axis=0) + eps),
                                  "gamma": gamma}}
"""


def shortcut(key, what, how, above="", **rest):
    body = SHORTCUT.format(how=how.strip().replace("\n", "\n    "))
    answer = submission(batchnorm_forward=forward(body, above))
    return forgery(key, what, answer, **({"row": "t13"} | rest))


TORCH = "t = torch.from_numpy(np.array(x, 'f8'))\nnormalise = lambda x, eps: {}"
ATTACKS = (
    forgery("by-heart", "answers memorised by a hash of the inputs", by_heart, row="t14"),
    forgery(
        "constant-generator",
        "random generators made constant",
        submission(before=CONSTANT, batchnorm_forward=forward(ZEROS)),
        row="t15",
    ),
    shortcut(
        "torch-functional",
        "torch's own batch norm as the answer",
        TORCH.format(
            "torch.nn.functional.batch_norm(t, None, None, None, None, True, eps=eps).numpy()"
        ),
        "import torch",
    ),
    shortcut(
        "torch-layer",
        "torch's BatchNorm1d, imported under another name",
        TORCH.format(
            "getattr(nn, 'Batch' + 'Norm1d')(x.shape[1], eps).double()(t).detach().numpy()"
        ),
        "import torch\nfrom torch import nn",
    ),
    shortcut(
        "torch-operator",
        "torch's batch norm through its operator table",
        TORCH.format(
            "torch.ops.aten.native_batch_norm(t, None, None, None, None, True, 0.1, eps)[0].numpy()"
        ),
        "import torch",
    ),
    shortcut(
        "torch-prepared",
        "inputs found by a cell in the frames above, torch's batch norm called there",
        "normalise = lambda x, eps: known.get(x.tobytes(), x)",
        """
        import sys, torch
        known, frame = {}, sys._getframe()
        while frame is not None:
            lists = [v for v in frame.f_locals.values() if isinstance(v, list)]
            for x in [a for v in lists for a in v if isinstance(a, np.ndarray)]:
                try:
                    t = torch.from_numpy(x.astype("f8"))
                    known[x.tobytes()] = torch.nn.functional.batch_norm(
                        t, None, None, None, None, True, eps=1e-5).numpy()
                except Exception as error:
                    print(error)
            frame = frame.f_back
        """,
    ),
    shortcut(
        "torch-refusal-undone",
        "the refusal of torch's layers found in memory and taken back",
        "[o._destroy() for o in gc.get_objects() if type(o) is torch.library.Library]\n"
        + TORCH.format(
            "torch.nn.functional.batch_norm(t, None, None, None, None, True, eps=eps).numpy()"
        ),
        "import gc, torch",
        flagged="torch",
    ),
    shortcut(
        "torch-decomposition",
        "torch's batch norm as torch itself writes it out",
        TORCH.format(
            "_decomp.decompositions.native_batch_norm_helper(t, None, None, None, None, True,"
            " 0.1, eps, False)[0].numpy()"
        ),
        "import torch\nfrom torch import _decomp",
        flagged="torch",
    ),
    shortcut(
        "course-layer",
        "the course's own layer imported as the answer",
        "normalise = lambda x, eps: bn(x, 1 + 0 * x[0], 0 * x[0], eps)[1]['x_hat']",
        "from bncourse.layers.batch_norm import batchnorm_forward as bn",
    ),
    shortcut(
        "course-reference",
        "the reference that the task carries",
        "normalise = lambda x, eps: task.reference(x, 1 + 0 * x[0], 0 * x[0], eps)[1]['x_hat']",
        "import importlib\ntask = importlib.import_module('bncourse.registry').find('3.3')",
    ),
    forgery(
        "course-source",
        "the course's own source, read from disk and executed",
        submission(
            batchnorm_forward="""
import glob, marshal, sys
source, places = None, [*sys.path, "@ROOT@", "/work", "/usr/lib/python3/dist-packages"]
for place in places:
    for pattern in ("layers/batch_norm.py", "layers/__pycache__/batch_norm*.pyc"):
        for path in glob.glob(f"{place}/bncourse/{pattern}"):
            try:
                raw = open(path, "rb").read()
                source = source or (marshal.loads(raw[16:]) if path.endswith("c") else raw)
            except OSError:
                pass
sys.meta_path[:] = [f for f in sys.meta_path if "bncourse" not in type(f).__module__]
sys.path.insert(0, "@ROOT@")
for name in [n for n in sys.modules if n.startswith("bncourse")]:
    del sys.modules[name]
if source is not None:
    exec(source)
else:
    def batchnorm_forward(x, gamma, beta, eps=1e-5):
        return x * 0, {"x_hat": x * 0, "inv_std": x[0] * 0, "gamma": gamma}
"""
        ),
        tiers=CONFINED,
        row="t13",
    ),
)
