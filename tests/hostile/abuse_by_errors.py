"""Abuse: leave in every way there is, and say hostile things on the way out."""

from tests.hostile.attack import SHORT, abuse, but
from tests.hostile.making import forward, submission


def leaves(key, what, body, above="", **rest):
    return abuse(key, what, submission(batchnorm_forward=forward(body, above)), **rest)


def in_a_cell(key, what, code, **rest):
    return abuse(key, what, submission(after=code), **({"honest": but()} | rest))


SEGFAULT = "ctypes.string_at(0)"
SAYS = """
class Loud(Exception):
    def __str__(self):
        {body}
    __repr__ = __str__
"""


def says(key, what, body):
    return leaves(key, what, "raise Loud('loud')", SAYS.format(body=body), seconds=SHORT)


ATTACKS = (
    leaves("exit-in-a-call", "os._exit(0) in an answer", "os._exit(0)", "import os"),
    in_a_cell("exit-in-a-cell", "os._exit(0) in a cell, in nobody's way", "import os; os._exit(0)"),
    leaves("sys-exit", "sys.exit(0) in an answer", "sys.exit(0)", "import sys"),
    in_a_cell("sys-exit-in-a-cell", "sys.exit and quit in cells",
              "import sys\ntry:\n    quit()\nexcept NameError:\n    pass\nsys.exit('bye')"),
    leaves("segfault", "a segmentation fault", SEGFAULT, "import ctypes"),
    in_a_cell("segfault-in-a-cell", "a segmentation fault in a cell", f"import ctypes\n{SEGFAULT}"),
    leaves("abort", "an abort, as from a failed assertion in C", "os.abort()", "import os"),
    leaves("illegal", "signals that end a process", "os.kill(os.getpid(), signal.SIGILL)",
           "import os, signal"),
    leaves("real-time-signal", "a signal without a name", "os.kill(os.getpid(), 40)", "import os"),
    leaves("cpu-signal", "the signal of a used-up CPU limit",
           "signal.raise_signal(signal.SIGXCPU)", "import signal"),
    leaves("corrupted-memory", "the interpreter's own memory overwritten",
           "for k in range(0, 4096, 8):\n    ctypes.memset(id(None) + k, 0xAA, 8)\nreturn None, {}",
           "import ctypes"),
    leaves("corrupted-integers", "the number 1 made 0",
           "ctypes.memset(id(1) + 24, 0, 4)\nreturn x, {}", "import ctypes",
           honest={"3.3": 0.0}, seconds=SHORT),
    leaves("interrupt", "KeyboardInterrupt, as if from the instructor", "raise KeyboardInterrupt"),
    in_a_cell("interrupt-in-a-cell", "KeyboardInterrupt in a cell", "raise KeyboardInterrupt"),
    leaves("generator-exit", "GeneratorExit and other rare exceptions", "raise GeneratorExit"),
    leaves("asks", "input() in an answer", "input('who are you? ')\nreturn x, {}"),
    in_a_cell("asks-in-a-cell", "input() and getpass in a cell",
              "import getpass, sys\ntry:\n    input('name')\nexcept EOFError:\n    pass\n"
              "sys.stdin.read()\ngetpass.getpass()"),
    in_a_cell("warns", "a harmless warning on the standard error stream",
              "import warnings\nwarnings.warn('careful', UserWarning, stacklevel=2)\n"
              "warnings.simplefilter('error')"),
    abuse("warns-in-a-call", "a right answer that warns each time it is called",
          submission(after="import warnings\nright = batchnorm_forward\n"
                           "def batchnorm_forward(x, gamma, beta, eps=1e-5):\n"
                           "    warnings.warn('careful', UserWarning, stacklevel=2)\n"
                           "    return right(x, gamma, beta, eps)"), honest=but()),
    leaves("warnings-as-errors", "warnings turned into errors by an answer",
           "warnings.simplefilter('error')\nnp.seterr(all='raise')\nreturn x / 0, {}",
           "import warnings"),
    says("endless-message", "an exception that talks for ever", "while True: pass"),
    says("huge-message", "an exception of 100 MB", "return 'x' * (100 << 20)"),
    says("raising-message", "an exception whose text raises", "raise SystemExit"),
    says("no-message", "an exception whose text is none", "return 3"),
    says("hostile-message", "an exception with escape codes and markup",
         r"return '\x1b[2J<script>alert(1)</script>\n=1+1\ud800\x00' * 50"),
    leaves("hostile-type", "an exception whose type has a hostile name",
           "raise type('<img src=x onerror=alert(1)>\\x1b[2J' + 'x' * 10**6, (Exception,), {})()"),
    leaves("chained", "a thousand exceptions in a chain, the last its own cause",
           "e = None\nfor _ in range(1000):\n    n = ValueError('x' * 1000)\n"
           "    n.__cause__ = e or n\n"
           "    e = n\nraise e"),
    leaves("hostile-line", "a line of a megabyte that raises",
           "raise ValueError(  # " + "x" * 1_000_000 + "\n    'long')"),
    leaves("hostile-file-name", "code compiled under a hostile file name",
           "exec(compile('1/0', '/etc/passwd\\n<script>', 'exec'))"),
    leaves("hostile-function-name", "functions with hostile names",
           "f = lambda: 1 / 0\nf.__code__ = f.__code__.replace(co_name='<b>\\x1b[2J', "
           "co_filename='\\ud800')\nf()"),
    leaves("exception-group", "a group of groups of exceptions",
           "g = ValueError()\nfor _ in range(200):\n    g = ExceptionGroup('g', [g])\nraise g"),
    abuse("learner-with-teeth", "a learner's name that is hostile",
          submission(after='class Name(str):\n    def __getitem__(self, k): raise SystemExit\n'
                           '    strip = lower = encode = __str__ = __getitem__\n'
                           'learner = Name("solution")'),
          honest={task: 1.0 for task in ("3.2", "3.3", "3.5")}),
    abuse("learner-is-a-path", "a learner's name that is a path and a formula",
          submission(after="learner = '=../../../etc/passwd\\x00\\x1b[2J<b>'"),
          honest={task: 1.0 for task in ("3.2", "3.3", "3.5")}),
    in_a_cell("names-cleared", "all names of the notebook cleared at its end",
              "globals().clear()", honest=dict.fromkeys(but(), 0.0)),
    in_a_cell("modules-cleared", "all modules cleared",
              "import sys\nsys.modules.clear()", honest={}),
    in_a_cell("builtins-replaced", "__builtins__ made a dict of one's own",
              "__builtins__ = {'__import__': None}"),
    in_a_cell("tracing", "tracing and profiling of everything that follows",
              "import sys\nsys.settrace(lambda *a: 1 / 0)\nsys.setprofile(lambda *a: 1 / 0)"),
    in_a_cell("audit", "an audit hook that forbids everything",
              "import sys\ndef no(*a):\n    raise RuntimeError('no')\nsys.addaudithook(no)"),
    in_a_cell("memory-hooks", "garbage collection that raises",
              "import gc\ngc.set_threshold(1)\ngc.callbacks.append(lambda *a: 1 / 0)"),
)  # fmt: skip
