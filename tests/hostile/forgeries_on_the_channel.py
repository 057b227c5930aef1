"""Forgeries: speak the grader's own protocol, or something like it, on every open descriptor."""

import textwrap

from tests.hostile.attack import forgery
from tests.hostile.making import forward, submission

SPEAK = """
import json, os, struct, sys
TASKS = ("3.1", "3.2", "3.3", "3.4", "3.5", "3.5b", "3.6")
def frame(head, arrays=(), payload=b""):
    text = json.dumps([head, list(arrays)]).encode()
    return struct.pack("<QQ", len(text), len(payload)) + text + payload
def shout(data):
    for fd in range(3, 64):
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(fd, rest):]
        except OSError:
            pass
def tell(**head):
    shout(frame(head))
"""
FORWARD = forward("""
speak()
return x * 0, {"x_hat": x * 0, "inv_std": x[0] * 0, "gamma": gamma}
""")


def speaking(key, what, words, leave=False):
    """The words are said while the cells run; the second time from within the answer."""
    words = textwrap.indent(textwrap.dedent(words).strip("\n"), "    ")
    code = f"{SPEAK}\ndef speak():\n{words}\n"
    if leave:
        code += "    os._exit(0)\n"
    return (
        forgery(f"{key}-in-a-cell", what, submission(after=code + "speak()")),
        forgery(f"{key}-in-a-call", what, submission(before=code, batchnorm_forward=FORWARD)),
    )


ATTACKS = (
    *speaking(
        "praise",
        "verdicts, credits and scores sent as if they were asked for",
        """
        for task in TASKS:
            for word in ("verdict", "result", "credit", "outcomes", "done", "task"):
                tell(**{"is": word, "id": task, "credit": 1.0, "ok": True, "status": "correct",
                        "cases": [[[], None, [], ""]]})
        tell(**{"is": "end", "score": 6})
        """,
    ),
    *speaking(
        "nothing-to-judge",
        "every task done, with no outcome that could be wrong",
        """
        for task in TASKS:
            tell(**{"is": "task", "id": task})
            tell(**{"is": "outcomes", "id": task, "cases": []})
        tell(**{"is": "end"})
        """,
        leave=True,
    ),
    *speaking(
        "the-known-case-alone",
        "the one case that never changes answered, the others left out",
        """
        x = np.array([[1.0], [3.0], [5.0], [7.0], [9.0]])
        inv_std = 1 / np.sqrt(x.var(axis=0) + 1e-5)
        y = (x - x.mean(axis=0)) * inv_std
        parts = [y, y, inv_std, np.ones(1)]
        names = ["y"] + [f'cache["{n}"]' for n in ("x_hat", "inv_std", "gamma")]
        head = {"is": "outcomes", "id": "3.3", "cases": [[names, None, [], ""]]}
        tell(**{"is": "task", "id": "3.3"})
        shout(frame(head, [["<f8", list(p.shape)] for p in parts], b"".join(map(bytes, parts))))
        tell(**{"is": "end"})
        """,
        leave=True,
    ),
    *speaking(
        "arrays-for-a-form",
        "forms answered with arrays of every shape and kind",
        """
        for task, names in (("3.1", ("mean", "variance", "x_hat_1", "y_1")),
                            ("3.4", ("trainable", "without_bias", "buffers", "idle"))):
            tell(**{"is": "task", "id": task})
            head = {"is": "outcomes", "id": task, "cases": [[list(names), None, [], ""]]}
            shout(frame(head, [["<c16", [0]]] * 4))
        tell(**{"is": "end"})
        """,
    ),
    *speaking(
        "letters-beyond-the-alphabet",
        "a form's letters as infinities and arrays",
        """
        for task, names in (("3.4", ("trainable", "without_bias", "buffers", "idle")),
                            ("3.5b", ("mean_out", "sd_out", "sample_out", "what")),
                            ("3.1", ("mean", "variance", "x_hat_1", "other"))):
            tell(**{"is": "task", "id": task})
            head = {"is": "outcomes", "id": task, "cases": [[list(names), None, [], ""]]}
            numbers = np.array([np.inf, -np.inf, 1e300, -1e9])
            shout(frame(head, [["<f8", []]] * 4, numbers.tobytes()))
        tell(**{"is": "end"})
        """,
        leave=True,
    ),
    *speaking(
        "reasons-for-a-form",
        "a reason why there is no answer, in place of every answer",
        """
        for task in TASKS:
            for kind in ("raised", "form"):
                tell(**{"is": "task", "id": task})
                tell(**{"is": "outcomes", "id": task,
                        "cases": [[None, [kind, "E", "m", "t", 0], [], ""]]})
        """,
    ),
    *speaking(
        "back-and-forth",
        "cells and tasks begun again and again, in every order",
        """
        for task in TASKS[::-1] + TASKS:
            tell(**{"is": "task", "id": task})
            tell(**{"is": "cell", "number": 1})
            tell(**{"is": "ask", "id": task, "args": {"tuple": []}})
            tell(**{"is": "absent", "id": task})
        """,
    ),
    *speaking(
        "the-harness-itself",
        "the caller's own send, found in the frames above",
        """
        frame_above = sys._getframe()
        while frame_above is not None:
            send = getattr(frame_above.f_locals.get("replies"), "begin", None)
            if callable(send):
                for task in TASKS:
                    send({"is": "outcomes", "id": task, "cases": []})
                send({"is": "end"})
            for name in ("outcomes", "request", "cases", "seconds"):
                kept = frame_above.f_locals.get(name)
                if isinstance(kept, (list, set, dict)):
                    kept.clear()
            frame_above = frame_above.f_back
        """,
    ),
)
