"""Abuse: never come back."""

from tests.hostile.attack import SHORT, abuse, but
from tests.hostile.making import forward, submission


def slow(key, what, body, above="", **rest):
    answer = submission(alone=True, batchnorm_forward=forward(body, above))
    return abuse(key, what, answer, seconds=SHORT, **rest)


def slow_cell(key, what, code, **rest):
    return abuse(key, what, submission(after=code), **({"honest": but(), "seconds": SHORT} | rest))


WRONG = "return x, {}"
ATTACKS = (
    slow("endless-loop", "a loop without an end", "while True:\n    pass"),
    slow_cell("endless-cell", "a cell that never ends, in nobody's way", "while True:\n    pass"),
    abuse(
        "endless-answer-cell",
        "an answer's own cell never ends",
        submission(batchnorm_forward=forward(WRONG) + "\nwhile True:\n    pass"),
        seconds=SHORT,
    ),
    abuse(
        "endless-first-cell",
        "the cell above all others never ends",
        submission(before="while True:\n    pass"),
        seconds=SHORT,
        honest=but(),
    ),
    slow(
        "swallows-everything",
        "a loop that catches BaseException, time limits included",
        """
        while True:
            try:
                while True:
                    pass
            except BaseException:
                continue
        """,
    ),
    slow(
        "deaf-to-signals",
        "signals ignored and blocked, timers stopped",
        """
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.settrace(None)
        while True:
            pass
        """,
        "import signal, sys",
    ),
    slow(
        "handlers-replaced",
        "signal handlers, tracing and clocks replaced",
        """
        signal.signal = signal.setitimer = signal.alarm = lambda *a: None
        time.monotonic = time.time = time.perf_counter = lambda: 0.0
        signal.setitimer = None
        sys.settrace = sys.setprofile = lambda *a: None
        while True:
            try:
                time.sleep(1000)
            except BaseException:
                pass
        """,
        "import signal, sys, time",
    ),
    slow("long-sleep", "sleep: no CPU time is used", "time.sleep(10**6)", "import time"),
    slow(
        "long-power",
        "one call in C that takes hours: a giant power",
        "return pow(3, 10**9) % 7",
    ),
    slow(
        "catastrophic-pattern",
        "a regular expression that takes until the end of the world",
        'return re.match(r"(a+)+$", "a" * 60 + "b")',
        "import re",
    ),
    slow(
        "long-numpy",
        "one NumPy call that takes minutes",
        "return np.linalg.svd(np.random.rand(2500, 2500))",
    ),
    slow(
        "deadlock",
        "a lock that nobody opens",
        "lock.acquire()\nlock.acquire()",
        "import threading\nlock = threading.Lock()",
    ),
    slow(
        "stopped",
        "the process stops itself",
        "os.kill(os.getpid(), signal.SIGSTOP)\nsignal.sigwait([signal.SIGCONT])\nwhile True: pass",
        "import os, signal",
    ),
    slow(
        "hangs-up",
        "all descriptors closed, then a long sleep",
        "os.closerange(0, 200)\nwhile True:\n    time.sleep(1000)",
        "import os, time",
    ),
    slow(
        "trickle",
        "a byte now and then, so that something always comes",
        """
        while True:
            for fd in range(3, 20):
                try:
                    os.write(fd, b"\\0")
                except OSError:
                    pass
            time.sleep(0.005)
        """,
        "import os, time",
    ),
    slow(
        "endless-steps",
        "ever new steps reported, so that a deadline moves on",
        """
        def frame(head):
            text = json.dumps([head, []]).encode()
            return struct.pack("<QQ", len(text), 0) + text
        steps = [frame({"is": "task", "id": "3.3"}), frame({"is": "task", "id": "3.5"})]
        for k in range(10**9):
            for fd in range(3, 20):
                try:
                    os.write(fd, steps[k % 2])
                except OSError:
                    pass
            time.sleep(0.02)
        """,
        "import json, os, struct, time",
        honest={task: 1.0 for task in ("3.1", "3.2", "3.4", "3.5b")},
    ),
    slow_cell("endless-exit", "a function for the exit that never ends",
              "import atexit, time\natexit.register(lambda: time.sleep(10**6))"),
    slow_cell("endless-farewell", "an object that never dies",
              "class Long:\n    def __del__(self):\n        while True: pass\nlong = Long()"),
    slow(
        "endless-text",
        "an answer whose repr, length and bytes never end",
        "return Long(), Long()",
        """
        class Long:
            def loop(self, *args, **kwargs):
                while True:
                    pass
            __repr__ = __str__ = __len__ = __iter__ = __array__ = __float__ = __eq__ = loop
            __bool__ = __hash__ = __getattr__ = loop
        """,
    ),
    abuse(
        "endless-form",
        "a form whose fields are counted for ever",
        submission(
            by_hand="""
            class Long(dict):
                def loop(self, *args):
                    while True:
                        pass
                get = items = keys = __iter__ = __len__ = __getitem__ = __contains__ = loop
            by_hand = Long(mean=1)
            """
        ),
        honest=but("3.1"),
        seconds=SHORT,
    ),
)  # fmt: skip
