"""Forgeries: look for the expected values, the reference or somebody else's work."""

from tests.hostile.attack import CONFINED, EVERYWHERE, forgery, probe
from tests.hostile.making import forward, submission, trying

GUESS = 'return x * 0, {"x_hat": x * 0, "inv_std": x[0] * 0, "gamma": gamma}'
FRAMES = """
import sys
seen, frame, wanted = [], sys._getframe(), ("expected", "wanted", "desired", "reference", "right")
while frame is not None:
    for scope in (frame.f_locals, frame.f_globals):
        for name, value in list(scope.items()):
            if callable(value) and name in ("reference", "solve", "_expected"):
                y, x_hat, inv_std = value(x, gamma, beta, eps)
                return y, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}
            if isinstance(value, np.ndarray) and any(word in name for word in wanted):
                seen.append(value)
            if hasattr(value, "reference") and hasattr(value, "misconceptions"):
                return value.reference(x, gamma, beta, eps)
    frame = frame.f_back
for value in seen:
    if value.shape == x.shape:
        return value, {"x_hat": value, "inv_std": value[0], "gamma": gamma}
"""
GARBAGE = """
import gc, types
for thing in gc.get_objects():
    try:
        name, module = type(thing).__name__, type(thing).__module__
        if name == "Task" and hasattr(thing, "reference"):
            return thing.reference(x, gamma, beta, eps)
        if isinstance(thing, types.FunctionType):
            home = thing.__globals__.get("__name__", "")
            if home.startswith("bncourse.") and thing.__name__ == "batchnorm_forward":
                return thing(x, gamma, beta, eps)
        if isinstance(thing, types.ModuleType) and hasattr(thing, "batchnorm_forward"):
            if thing.__name__ != "__main__" and thing.batchnorm_forward is not batchnorm_forward:
                return thing.batchnorm_forward(x, gamma, beta, eps)
    except Exception:
        pass
"""
SOLUTIONS = """
import glob, json, os, sys
from pathlib import Path
places = {Path("@ROOT@"), Path("@PLACE@"), Path.cwd(), *Path.cwd().parents, Path.home(),
          *(Path(p or ".") for p in sys.path), Path(sys.prefix).parent, Path("/autograder/source")}
for place in places:
    for path in (place / "solutions/03_batch_norm.ipynb", place / "03_batch_norm.ipynb"):
        try:
            cells = json.loads(path.read_text())["cells"]
        except Exception:
            continue
        for cell in cells:
            try:
                exec("".join(cell["source"]), globals())
            except Exception:
                pass
"""
LEDGER = r"""
import re
pattern = re.compile(rb"sesame-" + rb"[0-9a-f]{16}")
"""
ENVIRONMENT = (
    LEDGER
    + """
seen = repr(dict(os.environ)).encode() + open("/proc/self/environ", "rb").read()
seen += repr(sys.argv).encode() + repr(sys.orig_argv).encode()
return pattern.search(seen)
"""
)
CANARIES = (
    LEDGER
    + """
for place in ("@PLACE@", os.environ.get("HOME", "."), "."):
    for top, _, names in os.walk(place):
        for name in names:
            try:
                with open(os.path.join(top, name), "rb") as file:
                    found = pattern.search(file.read(1 << 20))
            except OSError:
                continue
            if found:
                return top, name, found[0]
"""
)
NAMES = """
for place in ("@PLACE@/submissions", "@PLACE@/home/.ssh", "/home", "/root", "@ROOT@/solutions"):
    try:
        if os.listdir(place):
            return place
    except OSError:
        pass
"""
SECRETS_OF_THE_SYSTEM = """
for path in ("/etc/shadow", "/etc/machine-id", "/etc/hostname", "/proc/1/environ", "/etc/ssh",
             "/var/log/dpkg.log", "/root/.bashrc", "@ROOT@/.git/HEAD", "@ROOT@/README.md"):
    try:
        with open(path, "rb") as file:
            return path, file.read(9)
    except OSError:
        pass
"""


def looking(key, what, code, **rest):
    return forgery(key, what, submission(batchnorm_forward=forward(code + GUESS)), **rest)


def peek(key, what, code, tiers=CONFINED, **rest):
    return probe(key, what, trying(code, **rest), tiers=tiers)


ATTACKS = (
    looking("frames", "the callers' frames searched for expected arrays", FRAMES, row="t07"),
    looking("garbage-collector", "every object of the process searched for the reference", GARBAGE),
    forgery("solutions", "the solved notebook read from disk and executed",
            submission(after=SOLUTIONS), tiers=CONFINED, row="t12"),
    peek("environment", "secrets in the environment and the command line", ENVIRONMENT, EVERYWHERE),
    peek("others-work", "other submissions, homes and results, read", CANARIES),
    peek("names", "other learners' names, from listings of folders", NAMES),
    peek("system-files", "files of the system and of the project, read", SECRETS_OF_THE_SYSTEM),
)  # fmt: skip
