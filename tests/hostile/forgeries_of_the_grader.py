"""Forgeries: overwrite the grader, its tools and its files from inside."""

from tests.hostile.attack import forgery
from tests.hostile.making import forward, returning, submission

ZEROS = "np.zeros_like(x)"

OVERWRITTEN = """
import sys, types
import bncourse
right = types.SimpleNamespace(ok=True, credit=1.0, status="correct", score=1.0)
def yes(*args, **kwargs):
    return right
for name, module in list(sys.modules.items()):
    if name.partition(".")[0] not in ("bncourse", "nbgrader", "otter", "__main__") or not module:
        continue
    for key, value in list(vars(module).items()):
        if key in ("judge", "check", "run_cases", "same", "gather", "grade", "named_arrays"):
            setattr(module, key, yes)
        if isinstance(value, type) and key in ("Verdict", "Result", "TaskResult", "Outcome"):
            value.credit = value.earned = value.score = property(lambda self: 1.0)
            value.ok = property(lambda self: True)
check = bncourse.check = yes
"""
OVERWRITTEN_MODULES = """
import sys, types
class Yes(types.ModuleType):
    credit = 1.0
    def __getattr__(self, name):
        return lambda *args, **kwargs: True
for name in ("judge", "compare", "evidence", "run_local", "answers", "verdict", "record", "form"):
    sys.modules["bncourse.grading." + name] = Yes("bncourse.grading." + name)
sys.modules["bncourse"] = sys.modules["bncourse.check"] = Yes("bncourse")
"""
IMPORT_HOOK = """
import importlib.abc, importlib.machinery, sys, types
class Hook(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec):
        class Yes(types.ModuleType):
            def __getattr__(self, name):
                if name.startswith("__"):
                    raise AttributeError(name)
                return lambda *args, **kwargs: b"" if "dump" in name else True
        return Yes(spec.name)
    def exec_module(self, module): pass
sys.meta_path.insert(0, Hook())
for name in ("json", "struct", "traceback", "copy", "numpy.lib", "io"):
    sys.modules.pop(name, None)
"""
PATCHED_WRITERS = """
import base64, csv, io, json, marshal, os, pickle, socket, struct, sys
def praised(value):
    text = value if isinstance(value, str) else repr(value)
    return text.replace('"raised"', '"correct"').replace("0.0", "1.0").replace("false", "true")
real = json.dumps
json.dumps = lambda value, *a, **k: praised(real(value, *a, **k))
json.JSONEncoder.encode = lambda self, value: praised(real(value))
json.JSONEncoder.iterencode = lambda self, value, *a: [praised(real(value))]
pickle.dump = lambda value, file, *a, **k: file.write(b"\\x80\\x04K\\x01.")
pickle.dumps = marshal.dumps = lambda *a, **k: b"\\x80\\x04K\\x01."
write = os.write
os.write = lambda fd, data: write(fd, bytes(data).replace(b"false", b"true ")) and len(data)
csv.writer = lambda *a, **k: None
"""
PATCHED_TOOLS = """
import builtins, copy, io, struct, time, traceback
for name in ("asarray", "array", "ascontiguousarray", "frombuffer", "empty", "zeros", "copyto"):
    setattr(np, name, lambda *a, **k: None)
struct.Struct = struct.pack = struct.unpack = struct.calcsize = None
traceback.extract_tb = traceback.format_exc = lambda *a, **k: 1 / 0
builtins.len = lambda value: 1
builtins.type = builtins.repr = builtins.str = builtins.bytes = lambda *a, **k: "correct"
builtins.open = builtins.getattr = builtins.zip = builtins.enumerate = builtins.range = None
builtins.Exception = builtins.BaseException = builtins.TypeError = builtins.dict = None
copy.deepcopy = time.monotonic = None
"""
PICKLES = """
class Bomb:
    def __reduce__(self):
        code = "open('@PLACE@/out/owned-by-a-pickle', 'w').write('owned')"
        return exec, (code,)
    __reduce_ex__ = lambda self, protocol: self.__reduce__()
    def __array__(self, *args, **kwargs):
        return np.array([Bomb()], object)
    def __repr__(self):
        return "Bomb()"
bombs = np.array([Bomb(), Bomb()], object)
by_hand = {"mean": Bomb(), "variance": bombs, Bomb(): 1}
head_count = Bomb()
learner = Bomb()
"""
FORGED_FILES = """
import csv, glob, json, os, sqlite3, sys
full = {"score": 6, "out_of": 6, "credit": 1.0, "tests": [{"score": 6, "max_score": 6}]}
places = [".", "..", "../..", "@PLACE@/out", "results", "/autograder/results",
          os.path.expanduser("~"), os.path.dirname(os.path.abspath(sys.argv[0] or "."))]
for place in places:
    for name in ("results.json", "grades.json", "grades.csv", "journal.jsonl", "result.pkl"):
        try:
            os.makedirs(place, exist_ok=True)
            with open(os.path.join(place, name), "w") as file:
                json.dump(full, file)
        except OSError:
            pass
"""
GRADEBOOK = """
import glob, os, sqlite3
for place in (".", "..", "../..", "../../..", "@PLACE@/out"):
    for path in glob.glob(os.path.join(place, "*.db")):
        try:
            with sqlite3.connect(path) as base:
                base.execute("create table grade (manual_score, auto_score, needs_manual_grade)")
                base.execute("insert into grade values (20, 20, 0)")
                base.execute("update grade set manual_score = 20, needs_manual_grade = 0")
        except (sqlite3.Error, OSError):
            pass
"""
OWN_CREDIT = """
class Praised(dict):
    credit, score, ok, status = 1.0, 1.0, True, "correct"
by_hand = Praised(mean=0, variance=1, x_hat_1=1, y_1=1, credit=1.0, status="correct", score=6)
credit = score = points = earned = 6.0
verdict = grade = result = {"credit": 1.0, "status": "correct", "passed": ["everything"]}
__credit__ = __score__ = __grade__ = 6.0
"""
PRAISED_FUNCTION = """
batchnorm_forward.credit = batchnorm_forward.ok = True
batchnorm_forward.__wrapped__ = batchnorm_forward.reference = batchnorm_forward
undo_bn.__name__ = undo_bn.__qualname__ = "reference"
undo_bn.__module__ = "bncourse.layers.batch_norm"
"""

ATTACKS = (
    forgery("overwritten-grader", "the grader's own functions and classes overwritten",
            returning(ZEROS, OVERWRITTEN), row="t08"),
    forgery("overwritten-modules", "the grader's modules replaced in sys.modules",
            returning(ZEROS, OVERWRITTEN_MODULES)),
    forgery("import-hook", "an import hook that serves agreeable modules",
            returning(ZEROS, IMPORT_HOOK)),
    forgery("patched-writers", "json, pickle, struct and os.write turn every no into a yes",
            returning(ZEROS, PATCHED_WRITERS), row="t09"),
    forgery("broken-tools", "the functions that anybody needs to say no, removed",
            returning(ZEROS, PATCHED_TOOLS)),
    forgery("pickles", "answers that run code wherever they are unpickled",
            submission(after=PICKLES, batchnorm_forward=forward("return bombs, bombs"),
                       undo_bn="def undo_bn(x, eps):\n    return bombs, bombs"), row="t10"),
    forgery("forged-files", "result files written wherever one might be read, then an exit",
            submission(after=FORGED_FILES + "sys.stdout.flush()\nos._exit(0)"), row="t11"),
    forgery("forged-gradebook", "grades written into every data base upstairs",
            submission(after=GRADEBOOK), row="t09"),
    forgery("own-credit", "names and fields called credit, score and status",
            submission(after=OWN_CREDIT)),
    forgery("praised-functions", "functions that call themselves the reference",
            submission(after=PRAISED_FUNCTION)),
)  # fmt: skip
