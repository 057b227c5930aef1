"""Forgeries: messages that are none, or that say absurd things, on every open descriptor."""

from tests.hostile.forgeries_on_the_channel import speaking

ATTACKS = (
    *speaking("junk", "64 kB of noise on every descriptor", "shout(os.urandom(1 << 16))"),
    *speaking(
        "flood",
        "100 MB of well-formed messages",
        'tell_all = frame({"is": "flag", "text": "x" * 900}) * 1000\n'
        "for _ in range(110):\n    shout(tell_all)",
    ),
    *speaking(
        "absurd-lengths",
        "messages of 2**63 bytes, of none, and cut off",
        """
        for head, body in ((2**63, 2**63), (0, 0), (1 << 18, 0), (2, 1 << 40), (2**64 - 1, 16)):
            shout(struct.pack("<QQ", head, body) + b"[]")
        """,
    ),
    *speaking(
        "absurd-heads",
        "heads that are deep, huge, or no JSON",
        """
        for text in (b"[" * 200000, b"1" * 5000, b"\\xff", b"{}", b"[[], {}]", b"null", b"NaN"):
            shout(struct.pack("<QQ", len(text), 0) + text)
        """,
    ),
    *speaking(
        "absurd-arrays",
        "arrays of objects, of negative or endless shapes, of one name",
        """
        for kind, shape, payload in (("|O", [1], b"x" * 8), ("<f8", [-1], b""),
                ("<f8", [2**62], b""), ("<f8", [0, 2**40, 2**40], b""),
                ("<f8", [1] * 64, bytes(8)), ("<f8", [True], bytes(8)),
                ("<M8[s]", [1], bytes(8)), ("<f16", [1], bytes(16)), ("|V8", [1], bytes(8)),
                ("<f8", "1", bytes(8)), ([["a", "<f8"]], [1], bytes(8)), ("<f8", [1e400], b"")):
            for task in ("3.3", "3.1", "3.4"):
                head = {"is": "outcomes", "id": task, "cases": [[["y"], None, [], ""]]}
                shout(frame(head, [[kind, shape]], payload))
        """,
    ),
    *speaking(
        "absurd-texts",
        "names and reasons with lone surrogates, control codes and 200 kB",
        """
        for words in ("\\ud800", "\\x1b]0;owned\\x07\\x1b[2J", "<script>alert(1)</script>",
                      "x" * 200000, "=cmd|' /C calc'!A0", "\\u202e\\x00\\r\\n"):
            head = {"is": "outcomes", "id": "3.3", "cases": [[[words], None, [words], words]]}
            tell(**{"is": "task", "id": "3.3"})
            shout(frame(head, [["<f8", []]], bytes(8)))
            tell(**{"is": "flag", "text": words})
            tell(**{"is": "learner", "name": words})
        """,
    ),
    *speaking(
        "many-names",
        "thousands of mutated names and unasked arrays",
        """
        names = [f"n{k}" for k in range(3000)]
        head = {"is": "outcomes", "id": "3.3", "cases": [[names, None, ["a" * 9] * 9000, ""]]}
        for _ in range(9):
            shout(frame(head, [["<f8", []]] * 3000, bytes(8 * 3000)))
        """,
    ),
    *speaking(
        "replay",
        "everything that the process sends, sent three times",
        """
        if not hasattr(os, "told"):
            os.told = os.write
            os.write = lambda fd, data: [os.told(fd, data) for _ in range(3)][0]
        """,
    ),
    *speaking(
        "another-cell",
        "blame for cells and tasks that there are not",
        """
        for number in (-1, 10**6, True, "0", None, [0], 1e3):
            tell(**{"is": "cell", "number": number})
            tell(**{"is": "ran", "number": number, "failure": ["raised", "E", "m", "t", -1]})
        tell(**{"is": "task", "id": "9.9"})
        tell(**{"is": ["end"]})
        """,
    ),
    *speaking(
        "deaf",
        "every descriptor closed, or replaced by another",
        """
        for fd in range(3, 64):
            try:
                os.close(fd) if fd % 2 else os.dup2(os.open("/dev/null", os.O_RDWR), fd)
            except OSError:
                pass
        """,
    ),
)
