"""Broken: cells that hold what notebooks hold: magics, shell commands, odd characters."""

from tests.hostile.attack import broken, but
from tests.hostile.making import forward, submission


def cell(key, what, code, **rest):
    """The code in a cell of its own, above and below all answers: it may not matter."""
    return broken(key, what, submission(before=code, after=code), **rest)


def around(key, what, above, **rest):
    """An answer below these lines in its own cell."""
    right = "def undo_bn(x, eps):\n    return np.sqrt(x.var(axis=0) + eps), x.mean(axis=0)"
    return broken(key, what, submission(undo_bn=above.format(answer=right)), **rest)


def unloved(key, what, code):
    """A cell that stops, or worse, and does not matter."""
    return cell(key, what, code)


ATTACKS = (
    cell("magic-inline", "%matplotlib inline", "%matplotlib inline"),
    cell("magic-reload", "%load_ext and %autoreload", "%load_ext autoreload\n%autoreload 2"),
    cell("magic-timeit", "%timeit of something slow", "%timeit sum(range(1000))"),
    cell("magic-assign", "the value of a magic", "took = %timeit -o 1 + 1\nwhere = %pwd"),
    cell("magic-unknown", "magics that there are not", "%no_such_magic\n%%no_such_cell_magic"),
    cell("cell-magic-bash", "%%bash", "%%bash\nrm -rf ~/nothing"),
    cell("cell-magic-html", "%%html and %%writefile", "%%writefile notes.txt\ntext"),
    cell("shell-line", "!ls and !pip install", "!ls -la\n!pip install numpy"),
    cell("shell-value", "x = !ls", "files = !ls\nfor f in files:\n    print(f)"),
    cell("help-before", "?np.sum", "?np.sum"),
    cell("help-after", "np.sum? and np.sum??", "np.sum?\nnp.sum??"),
    cell("help-wildcard", "np.*sum*?", "np.*sum*?"),
    cell("auto-call", "IPython's auto-call", "/print 1 2\n;print a b\n,print a b"),
    around("answer-under-time", "an answer below %%time", "%%time\n{answer}"),
    around("answer-under-capture", "an answer below %%capture", "%%capture out\n{answer}"),
    around("answer-beside-magic", "an answer beside magics and shell lines",
           "%matplotlib inline\n!ls\n{answer}\n%timeit 1\nundo_bn?"),
    around("answer-under-future", "an answer below a future import",
           "from __future__ import annotations\n{answer}"),
    around("answer-under-comment", "an answer below an encoding line and a form feed",
           "# -*- coding: latin-1 -*-\n\f\n{answer}"),
    around("answer-in-if", "an answer inside an if", "if True:\n    pass\n{answer}"),
    around("answer-typed", "an answer with types and a decorator",
           "import functools\n@functools.lru_cache\ndef f(): pass\n{answer}"),
    around("answer-prompt", "an answer pasted with its prompts",
           "In [3]: a = 1\n{answer}"),
    around("answer-after-async", "an answer below an await",
           "import asyncio\nawait asyncio.sleep(0)\n{answer}"),
    unloved("top-level-await", "await at the top level", "import asyncio\nawait asyncio.sleep(0)"),
    unloved("top-level-return", "return outside a function", "return 3"),
    unloved("top-level-yield", "yield outside a function", "yield 3"),
    unloved("raises", "a cell that raises", "raise ValueError('a question for the tutor')"),
    unloved("missing-import", "a library that is not there", "import not_there_at_all"),
    unloved("name-error", "a name that is nowhere", "print(undefined_name)"),
    unloved("assertion", "an assertion that fails", "assert 1 == 2, 'I do not understand'"),
    unloved("scipy", "scipy and matplotlib, imported and used",
            "import scipy.stats\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()"),
    unloved("widgets", "widgets and displays",
            "import ipywidgets\nfrom IPython.display import display, HTML\n"
            "display(HTML('<b>x</b>'), ipywidgets.IntSlider())"),
    unloved("unknown-check", "checks of tasks that there are not",
            "check('9.9')\nhint('3.3')\nexplain('3.3', 'x')\nprogress()\nask('3.1')\ncheck(print)"),
    unloved("older-interface", "names that the course does not have",
            "from bncourse import no_such_name"),
    unloved("python-2", "Python 2", "print 'hello'\nexec 'x = 1'"),
    unloved("another-language", "a cell in another language", "let x = 3; // JavaScript"),
    unloved("odd-characters", "names, quotes and blanks from a word processor",
            "μ = np.mean\nπ_̂ = 3.14\nx​ = 1\ns = “quoted”"),
    unloved("lone-surrogates", "characters that are none", "s = '\ud800\udfff'"),
    unloved("zero-bytes", "zeros between the letters", "x = 1\0\0\ny = 2"),
    unloved("nested", "brackets a hundred thousand deep", "x = " + "(" * 100_000 + ")" * 100_000),
    unloved("unary", "a hundred thousand signs", "x = " + "-" * 100_000 + "1"),
    unloved("long-line", "one line of 400 kB", "x = '" + "a" * 400_000 + "'"),
    unloved("blank-lines", "half a million blank lines", "\n" * 500_000),
    unloved("many-imports", "one line of imports without an end", "import " * 100_000),
    unloved("many-blanks", "a line of blanks between magics", "%" + " " * 500_000 + "x = !\t" * 9),
    unloved("many-questions", "fifty thousand question marks", "? " * 50_000 + "x"),
    unloved("huge-constant", "a constant that is computed while compiling",
            "x = ('a' * 10000) * 10000\ny = 2 ** 100000\nz = 1 << 10 ** 9"),
    broken("numbers-as-text", "numbers with commas, fractions and blanks",
           submission(by_hand='by_hand = {"mean": " 12 ", "variance": "20,8", '
                              '"x_hat_1": "-0.657794", "y_1": -0.315587}')),
    broken("other-orders", "the lines' letters in lower case, with commas",
           submission(step_order='step_order = "k, d, h, e, c, a"')),
    broken("cell-needs-input", "an answer that asks for input first",
           submission(batchnorm_forward="n = int(input())\n" + forward("return x, {}")),
           honest=but("3.3")),
)  # fmt: skip
