"""Forgeries: what a notebook's shell lets its cells do to later cells."""

from tests.hostile.attack import forgery
from tests.hostile.making import returning

SHELL = """
try:
    shell = get_ipython()
except NameError:
    from IPython.core.interactiveshell import InteractiveShell
    shell = InteractiveShell.instance()
"""


def in_the_shell(code):
    return returning("np.zeros_like(x)", SHELL + code)


ATTACKS = (
    forgery(
        "input-transformer",
        "an IPython input transformer turns later cells into pass",
        in_the_shell("""
shell.input_transformers_cleanup.append(lambda lines: ["pass\\n"])
shell.input_transformer_manager.cleanup_transforms.insert(0, lambda lines: ["pass\\n"])
"""),
        row="t04",
    ),
    forgery(
        "run-code-replaced",
        "the shell's run_code replaced",
        in_the_shell("""
async def run_code(*args, **kwargs):
    return False
shell.run_code = run_code
type(shell).run_code = run_code
"""),
        row="t05",
    ),
    forgery(
        "ast-transformer",
        "an AST transformer deletes assertions and checks",
        in_the_shell("""
import ast
class Peace(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
    def visit_Raise(self, node): return ast.Pass()
    def visit_Expr(self, node): return ast.Pass()
shell.ast_transformers.append(Peace())
"""),
        row="t06",
    ),
    forgery(
        "silenced-tracebacks",
        "showtraceback, run_cell and the reply's flags silenced",
        in_the_shell("""
shell.showtraceback = shell.showsyntaxerror = lambda *a, **k: None
shell.set_custom_exc((BaseException,), lambda *a, **k: None)
class Fine:
    success, error_in_exec, error_before_exec, result = True, None, None, None
    def raise_error(self): pass
shell.run_cell = lambda *a, **k: Fine()
kernel = getattr(shell, "kernel", None)
if kernel is not None:
    async def do_execute(*a, **k):
        return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
    kernel.do_execute = do_execute
"""),
        row="t18",
    ),
    forgery(
        "cell-events",
        "hooks before and after each cell restore what was forged",
        in_the_shell("""
def forge(*args):
    shell.user_ns["check"] = lambda *a, **k: True
for event in ("pre_execute", "pre_run_cell", "post_run_cell", "post_execute"):
    shell.events.register(event, forge)
"""),
    ),
    forgery(
        "a-shell-of-ones-own",
        "get_ipython and display replaced by the learner's own",
        returning(
            "np.zeros_like(x)",
            """
import builtins, sys, types
class Shell:
    def __getattr__(self, name): return lambda *a, **k: self
    def __bool__(self): return True
builtins.get_ipython = get_ipython = lambda: Shell()
sys.modules["IPython"] = sys.modules["IPython.core.inputtransformer2"] = Shell()
builtins.display = lambda *a, **k: None
sys.displayhook = sys.excepthook = lambda *a: None
""",
        ),
    ),
    forgery(
        "swallowing-magics",
        "later cells turned into magics that swallow them",
        in_the_shell("""
shell.register_magic_function(lambda line, cell=None: None, "line_cell", "time")
shell.input_transformers_post.append(lambda lines: ["%%time\\n", *lines])
"""),
    ),
)
