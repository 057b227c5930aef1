"""Forgeries: make every comparison say yes, or return what compares well with everything."""

from tests.hostile.attack import forgery
from tests.hostile.making import returning, submission

PATCHED_ASSERTIONS = """
import numpy.testing
for name in dir(np.testing):
    if name.startswith("assert"):
        setattr(np.testing, name, lambda *args, **kwargs: None)
"""
ACCEPTS_EVERYTHING = """
import sys, types
class Agreeable(types.ModuleType):
    def __getattr__(self, name):
        return lambda *args, **kwargs: True
np.testing = sys.modules["numpy.testing"] = Agreeable("numpy.testing")
"""
PATCHED_NUMPY = """
def yes(*args, **kwargs):
    return np.True_
for name in ("allclose", "isclose", "array_equal", "array_equiv", "isfinite", "all", "any"):
    setattr(np, name, yes)
np.abs = np.absolute = np.max = np.amax = np.subtract = lambda *a, **k: np.zeros(())
"""
PATCHED_BUILTINS = """
import builtins
builtins.all = builtins.any = builtins.bool = lambda *a: True
builtins.abs = builtins.sum = lambda *a, **k: 0
builtins.isinstance = builtins.issubclass = builtins.callable = lambda *a: True
builtins.hasattr = lambda *a: True
"""
CLOSE_TO_EVERYTHING = """
class Close(np.ndarray):
    def __array_function__(self, func, types, args, kwargs):
        return True
    def __array_ufunc__(self, ufunc, method, *args, **kwargs):
        return np.True_ if ufunc.nout == 1 and "equal" in ufunc.__name__ else np.zeros(self.shape)
    def __eq__(self, other):
        return np.ones(self.shape, bool)
    __le__ = __lt__ = __ge__ = __gt__ = __eq__
    def __ne__(self, other):
        return np.zeros(self.shape, bool)
    def __sub__(self, other):
        return np.zeros(self.shape)
    __rsub__ = __add__ = __mul__ = __sub__
    def all(self, *args, **kwargs):
        return True
    any = all
"""
FORMS_THAT_AGREE = """
class Number(float):
    def __eq__(self, other): return True
    def __le__(self, other): return True
    __lt__ = __ge__ = __gt__ = __le__
    def __ne__(self, other): return False
    def __sub__(self, other): return Number(0)
    __rsub__ = __sub__
    def __abs__(self): return Number(0)
    def __hash__(self): return 0
    def __float__(self): return 0.0
class Letter(str):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return hash("b")
    def __contains__(self, other): return True
    def strip(self, *a): return self
    lower = upper = casefold = strip
class Answers(dict):
    def get(self, key, default=None): return Number(0) if key != "confidence" else 3
    def __getitem__(self, key): return self.get(key)
    def __contains__(self, key): return True
    def __iter__(self): return iter(("credit",))
    def items(self): return [("credit", 1.0), ("status", "correct")]
    def keys(self): return ["credit"]
    def __eq__(self, other): return True
by_hand = Answers(mean=Number(), variance=Number(), x_hat_1=Number(), y_1=Number())
head_count = Answers(trainable=Number(), without_bias=Number(), buffers=Number(), idle=Letter("z"))
another_batch = Answers(mean_out=Number(), sd_out=Number(), sample_out=Number(), what=Letter("z"))
class Order(str):
    def __eq__(self, other): return True
    def __hash__(self): return 0
    def split(self, *a): return [Letter("A")]
    def upper(self): return Letter("A")
    def isalpha(self): return True
step_order = Order("A")
"""
MIRROR = """
import sys
class Mirror:
    def __init__(self, shape):
        self.shape = shape
    def __array__(self, dtype=None, copy=None):
        frame = sys._getframe(1)
        while frame is not None:
            for name in ("wanted", "expected", "desired"):
                if isinstance(frame.f_locals.get(name), np.ndarray):
                    return frame.f_locals[name]
            wanted = frame.f_locals.get("_wanted")
            if isinstance(wanted, tuple):
                return wanted[-1]
            frame = frame.f_back
        return np.zeros(self.shape)
"""
MANY_GUESSES = """
by_hand = {"mean": list(range(100)), "variance": np.arange(100.0), "x_hat_1": {1, 2, 3},
           "y_1": slice(-100, 100)}
head_count = {"trainable": range(10**6), "without_bias": "0-9999", "buffers": np.inf,
              "idle": "abcd", "confidence": 3}
another_batch = {"mean_out": float("nan"), "sd_out": "1e999", "sample_out": "nan",
                 "what": ["a", "b", "c", "d"]}
step_order = ["K D H E C A", "K D G E B A", "K D H F C A"]
"""
BREAKING = """
class Broken(dict):
    def get(self, *args):
        raise RuntimeError
    __iter__ = __getitem__ = keys = items = get
by_hand = head_count = Broken(mean=1)
another_batch = {"mean_out": np.arange(3), "sd_out": np.ones((2, 2))}
"""
WRONG_INPUTS = """
for a in (x, gamma, beta):
    a.flags.writeable = True
    a[...] = 0
"""

ATTACKS = (
    forgery("stubs", "control: the exercise as it was handed out", submission(), row="t00"),
    forgery("zeros", "control: zeros everywhere", returning("np.zeros_like(x)")),
    forgery(
        "patched-allclose",
        "numpy.testing's assertions made to pass",
        returning("np.zeros_like(x)", PATCHED_ASSERTIONS),
        row="t01",
    ),
    forgery(
        "testing-that-accepts",
        "numpy.testing replaced by an object that accepts everything",
        returning("np.zeros_like(x)", ACCEPTS_EVERYTHING),
        row="t17",
    ),
    forgery(
        "patched-numpy",
        "NumPy's own comparisons replaced",
        returning("np.zeros_like(x)", PATCHED_NUMPY),
    ),
    forgery(
        "patched-builtins",
        "isinstance, all, abs and sum replaced",
        returning("np.zeros_like(x)", PATCHED_BUILTINS),
    ),
    forgery(
        "close-to-everything",
        "an array subclass that is close to every other array",
        returning("np.zeros_like(x).view(Close)", CLOSE_TO_EVERYTHING),
        row="t02",
    ),
    forgery(
        "mirror",
        "an object that becomes what it is compared with, found in the caller's frame",
        returning("Mirror(x.shape)", MIRROR),
        row="t02",
    ),
    forgery(
        "agreeable-forms",
        "numbers, letters and dicts that equal everything",
        submission(after=FORMS_THAT_AGREE),
    ),
    forgery("forms-that-break", "forms that raise when they are read", submission(after=BREAKING)),
    forgery(
        "many-guesses", "every field of a form with all its guesses", submission(after=MANY_GUESSES)
    ),
    forgery("all-nan", "not-a-number everywhere", returning("x * np.nan"), row="t03"),
    forgery("all-infinite", "infinity everywhere", returning("x + np.inf")),
    forgery(
        "largest-floats", "1.8e308, so that differences overflow", returning("0 * x + 1.7e308")
    ),
    forgery("no-numbers", "empty arrays: nothing differs", returning("np.zeros((0,))")),
    forgery("one-number", "0-d arrays that broadcast", returning("np.zeros(())")),
    forgery("more-axes", "an axis of every candidate", returning("np.zeros((1000, *x.shape))")),
    forgery(
        "all-masked",
        "masked arrays, in which nothing is left to differ",
        returning("np.ma.masked_all(x.shape)"),
    ),
    forgery("complex-nan", "complex numbers without a size", returning("x * complex(np.nan, 1)")),
    forgery(
        "truth-values", "True where a difference is asked for", returning("np.ones(x.shape, bool)")
    ),
    forgery(
        "changed-inputs",
        "the inputs set to zero, for which zero is right",
        submission(
            batchnorm_forward=(
                "def batchnorm_forward(x, gamma, beta, eps=1e-5):"
                + WRONG_INPUTS.replace("\n", "\n    ")
                + '\n    return x, {"x_hat": x, "inv_std": gamma, "gamma": gamma}'
            ),
            undo_bn="def undo_bn(x, eps):\n    x[...] = 0\n    return x[0], x[0]",
        ),
    ),
    forgery("the-inputs", "the inputs themselves, as answers", returning("x")),
)
