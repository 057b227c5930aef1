"""Abuse: give back what nobody expects, or change what was given."""

from tests.hostile.attack import SHORT, abuse, but
from tests.hostile.making import forward, submission

SPITEFUL = """
class Spiteful:
    def spite(self, *args, **kwargs):
        raise KeyboardInterrupt("spite")
    __array__ = __len__ = __iter__ = __eq__ = __bool__ = __repr__ = __str__ = __float__ = spite
    __hash__ = __getattr__ = __index__ = __format__ = __dir__ = __reduce__ = __copy__ = spite
    @property
    def __class__(self):
        raise SystemExit(3)
    def __del__(self):
        raise MemoryError
"""
SHY = """
class Shy(np.ndarray):
    def tobytes(self, *a, **k): raise SystemExit
    astype = copy = view = reshape = __array_function__ = __array_ufunc__ = tobytes
    @property
    def shape(self): raise SystemExit
    dtype = ndim = size = shape
"""
STRANGE = """
class Strange(dict):
    def items(self): return [(Key(), np.ones(2)), ("x_hat", 1), ("x_hat", 2)]
    def __len__(self): return -1
class Key(str):
    def __str__(self): return "k" * 10**6
    def __format__(self, spec): raise SystemExit
    def __hash__(self): raise SystemExit
"""


def returns(key, what, value, above="", **rest):
    code = f'value = {value}\nreturn value, {{"x_hat": value, "inv_std": value, "gamma": gamma}}'
    return abuse(key, what, submission(batchnorm_forward=forward(code, above)), **rest)


def gives(key, what, body, above="", **rest):
    return abuse(key, what, submission(batchnorm_forward=forward(body, above)), **rest)


def right(key, what, wrapper):
    """Right numbers in another wrapping than the usual one: they count."""
    return abuse(
        key,
        what,
        submission(
            after="right = batchnorm_forward\n"
            "def batchnorm_forward(x, gamma, beta, eps=1e-5):\n"
            "    y, cache = right(x, gamma, beta, eps)\n"
            f"    wrap = {wrapper}\n"
            "    return wrap(y), {k: wrap(v) for k, v in cache.items()}"
        ),
        honest=but(),
    )


ATTACKS = (
    right("big-endian", "right numbers in the other byte order",
          "lambda a: a.astype(a.dtype.newbyteorder('>'))"),
    right("long-doubles", "right numbers with 80 bits", "lambda a: a.astype(np.longdouble)"),
    right("lists", "right numbers as nested lists",
          "lambda a: a.tolist() if a.dtype == float else a"),
    right("another-layout", "right numbers, transposed in memory",
          "lambda a: np.asfortranarray(a)[:]"),
    right("read-only", "right numbers that cannot be written to",
          "lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape)"),
    right("backwards", "right numbers seen through a mirror", "lambda a: a[::-1].copy()[::-1]"),
    right("a-subclass", "right numbers in a subclass",
          "lambda a: a.view(type('A', (np.ndarray,), {}))"),
    right("a-mask", "right numbers with a mask that hides none", "np.ma.asarray"),
    returns("none", "nothing at all", "None"),
    returns("texts", "texts instead of numbers", "np.array([['a', 'b']])"),
    returns("objects", "an array of objects", "np.array([[object()]], object)"),
    returns("records", "a structured array", "np.zeros(3, [('a', 'f8'), ('b', 'O')])"),
    returns("dates", "dates and durations", "np.array(['2020-01-01'], 'M8[D]')"),
    returns("itself", "a list that holds itself", "[]; value.append(value)"),
    returns("ragged", "lists of different lengths", "[[1.0], [1.0, 2.0]]"),
    returns("deep-list", "a list of ten thousand levels",
            "1\nfor _ in range(10_000): value = [value]\nvalue = value"),
    returns("many-axes", "an array of 64 axes", "np.zeros((1,) * 64)"),
    returns("huge-view", "a view of one number as 10**12",
            "np.broadcast_to(np.float64(1), (10**6, 10**6))"),
    returns("huge-int", "an integer of a million digits", "10 ** 10**6", seconds=SHORT),
    returns("a-generator", "a generator without an end", "iter(int, 1)"),
    returns("a-coroutine", "a function that is only awaited", "(lambda: (yield))()"),
    returns("a-module", "a module, a class, a function", "np"),
    returns("not-a-shape", "an array that lies about its shape",
            "np.lib.stride_tricks.as_strided(x, (3, 10**9), (0, 0))"),
    returns("spiteful", "an object that raises whatever is asked of it", "Spiteful()", SPITEFUL),
    returns("shy-array", "an array that will not be read",
            "np.zeros(x.shape).view(Shy)", SHY),
    gives("strange-cache", "a cache with strange keys and many of one name",
          "return x, Strange()", STRANGE),
    gives("bytes-as-keys", "a cache whose keys are numbers, bytes and markup",
          'return x, {1: x, b"x": x, "<script>": x, "\\ud800": x, "\\x1b[2J": x, None: x, (): x}'),
    gives("one-value", "one value where two are asked for", "return x"),
    gives("three-values", "three values", "return x, x, x"),
    gives("strict-writes", "the inputs changed, resized, retyped",
          "x[...] = np.nan\nx.shape = (-1,)\nx.dtype = 'u1'\ngamma.flags.writeable = False\n"
          "x.resize(10, refcheck=False)\nreturn x, {}"),
    gives("frees-its-input", "the memory of the input overwritten beyond its end",
          "import ctypes\nctypes.memset(x.ctypes.data, 255, x.nbytes + 4096)\nreturn x, {}",
          honest={"3.3": 0.0}),
    abuse("class-as-answer", "a class where a function is asked for",
          submission(batchnorm_forward="class batchnorm_forward:\n"
                                       "    def __new__(cls, *args):\n        return 1, 2"
                     )),
    abuse("function-gone", "the function deleted again",
          submission(after="del batchnorm_forward")),
    abuse("function-reused", "the function's name used for a number",
          submission(after="batchnorm_forward = 3.3")),
    abuse("callable-with-teeth", "an object that is callable, and nothing else",
          submission(after=SPITEFUL + "class Toothed(Spiteful):\n"
                     "    def __call__(self, *a):\n        return self\n"
                     "batchnorm_forward = Toothed()")),
    abuse("odd-forms", "forms of every wrong kind",
          submission(by_hand="by_hand = [1, 2]", head_count="head_count = {1: 2, None: {}}",
                     another_batch="another_batch = {'mean_out': {}, 'sd_out': 1j, 'what': b'a'}",
                     step_order="step_order = object()"),
          honest=but("3.1", "3.2", "3.4", "3.5b")),
    abuse("huge-numbers-typed", "numbers of a million digits typed into forms",
          submission(by_hand='by_hand = {"mean": 10**10**6, "variance": "9" * 10**6,'
                             ' "x_hat_1": "1/" + "3" * 10**6, "y_1": "1e" + "9" * 999}'),
          honest=but("3.1")),
)  # fmt: skip
