"""Abuse: take all the memory, say more than anybody can read."""

from tests.hostile.attack import EVERYWHERE, SHORT, abuse, but, probe
from tests.hostile.making import forward, submission, trying


def greedy(key, what, body, above="", **rest):
    answer = submission(alone=True, batchnorm_forward=forward(body, above))
    return abuse(key, what, answer, seconds=SHORT, **rest)


# Enough to hurt a small machine, not enough to end a session should a limit ever be missing.
MANY = "range(48)"  # times 64 MB
CAUGHT = """
kept = []
for _ in {many}:
    try:
        kept.append({make})
    except (MemoryError, OSError):
        pass
if len(kept) > 30:
    raise AssertionError("broke" + f"-out: {{len(kept)}} times 64 MB")
return kept, {{}}
"""

ATTACKS = (
    greedy(
        "memory-bomb",
        "arrays until there is no more memory",
        "kept = []\nwhile True:\n    kept.append(np.ones(1 << 22))",
    ),
    greedy("array-bomb", "arrays, every page written",
           CAUGHT.format(many=MANY, make="np.ones(8 << 20)")),
    greedy("one-huge-array", "one array of 4 TB", "return np.ones(1 << 39), {}"),
    greedy("one-huge-text", "a text multiplied", 'return "x" * (1 << 42), {}'),
    greedy(
        "list-bomb",
        "a list that grows in small steps",
        "kept = []\nfor _ in range(3 * 10**8):\n    kept.append(kept)\nreturn kept, {}",
    ),
    greedy(
        "mapping-bomb",
        "anonymous and shared mappings",
        CAUGHT.format(many=MANY, make="filled(mmap.mmap(-1, 64 << 20))"),
        """
        import mmap
        def filled(m):
            for k in range(0, 64 << 20, 4096):
                m[k] = 1
            return m
        """,
    ),
    abuse(
        "memory-bomb-in-a-cell",
        "a cell that takes all the memory, in nobody's way",
        submission(after="kept = []\nwhile True:\n    kept.append(np.ones(1 << 22))"),
        seconds=SHORT,
        honest=but(),
    ),
    probe(
        "memory-in-files",
        "files in memory, which no limit on addresses counts",
        trying("""
        kept = 0
        for n in range(100):
            fd = libc.memfd_create(b"m", 0)
            if fd < 0:
                break
            try:
                for k in range(64):
                    kept += os.pwrite(fd, bytes(1 << 20), k << 20)
            except OSError:
                pass
            if kept > 100 << 20:
                return kept
        """),
    ),
    probe(
        "memory-in-pipes",
        "memory hoarded in the buffers of pipes",
        trying("""
        kept = 0
        for _ in range(60):
            a, b = os.pipe()
            try:
                fcntl.fcntl(b, 1031, 1 << 20)
            except OSError:
                pass
            os.set_blocking(b, False)
            try:
                while True:
                    kept += os.write(b, bytes(1 << 16))
            except OSError:
                pass
        return kept > 64 << 20 and kept
        """),
        tiers=EVERYWHERE,
    ),
    greedy("deep-recursion", "a recursion without an end", "return batchnorm_forward(x, 0, 0)"),
    greedy(
        "stack-overflow",
        "the limit on recursion lifted, the stack overrun in C",
        "sys.setrecursionlimit(1 << 30)\nvalue = []\nfor _ in range(10**6):\n"
        "    value = [value]\nreturn repr(value), value == [value]",
        "import sys",
    ),
    abuse(
        "hundred-megabytes-printed",
        "100 MB printed by a cell and by an answer that is right",
        submission(
            before='print("x" * (100 << 20))',
            after="right = batchnorm_forward\n"
            "def batchnorm_forward(x, gamma, beta, eps=1e-5):\n"
            '    print("y" * (10 << 20))\n'
            "    return right(x, gamma, beta, eps)",
        ),
        honest=but(),
    ),
    abuse(
        "printed-line-by-line",
        "a million lines, to both streams, flushed",
        submission(
            after="import sys\nfor k in range(200_000):\n"
            "    print(k, file=sys.stderr if k % 2 else sys.stdout, flush=True)"
        ),
        honest=but(),
    ),
    abuse(
        "printed-past-python",
        "100 MB written to the descriptors 1 and 2 themselves",
        submission(
            after='import os\nfor _ in range(100):\n    os.write(1, b"x" * (1 << 20))\n'
            '    os.write(2, b"\\x1b[2J" * (1 << 18))'
        ),
        honest=but(),
    ),
    abuse(
        "hostile-print",
        "escape codes, markup and formulas printed by an answer that is right",
        submission(
            after="right = batchnorm_forward\n"
            "def batchnorm_forward(x, gamma, beta, eps=1e-5):\n"
            '    print("\\x1b[2J\\x1b]0;owned\\x07<script>alert(1)</script>\\n=1+1\\ud800\\x00")\n'
            "    return right(x, gamma, beta, eps)",
        ),
        honest=but(),
    ),
    abuse(
        "displayed",
        "pictures and pages without number displayed",
        submission(
            after="for _ in range(1000):\n"
            "    display({'text/html': 'x' * 10**6}, raw=True)\n"
            "    display(np.zeros((1000, 10)))"
        ),
        honest=but(),
    ),
    abuse(
        "fifty-megabytes-returned",
        "a result far larger than what was asked for",
        submission(batchnorm_forward=forward("v = np.zeros(50 << 17)\nreturn v, {'x_hat': v}")),
    ),
    abuse(
        "a-hundred-thousand-results",
        "a cache with a hundred thousand entries",
        submission(
            batchnorm_forward=forward("return x, {str(k): x for k in range(100_000)}"),
        ),
        seconds=SHORT,
    ),
)  # fmt: skip
