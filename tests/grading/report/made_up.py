"""Results to report: real verdicts of wrong answers, hostile texts, classes of any size."""

import random
from functools import cache

from bncourse.authoring.proof import right_answers, wrong_answers
from bncourse.grading.judge import judge
from bncourse.grading.record import Result, TaskResult
from bncourse.grading.run_local import run_cases
from bncourse.grading.verdict import Status, Verdict
from bncourse.registry import tasks

EXERCISE = "03_batch_norm"
SCRIPT = "<script>alert(1)</script>"
RED = "\x1b[31mred\x1b[0m"
OVERRIDE = "\u202egnp.exe\u2066"
LONG = "x" * 10_000
# Names as enrolment systems really hold them, and as nobody should.
HOSTILE = (
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "</title></style><style>*{display:none}</style>",
    '=HYPERLINK("http://evil.example","x")',
    "+49 170 1234567",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1,1)",
    "\uff1d1+1",
    "ada;=1+1;",
    'O\'Brien, "Bob"\nand a line\r\nmore',
    "Zoë 😀👩‍🔬",
    "محمد علي",
    "שרה כהן",
    OVERRIDE,
    f"{RED}\x00\x07\x9b31m",
    "lone \ud800 surrogate",
    "javascript:alert(1)",
    "../../etc/passwd",
    "&lt;b&gt;&amp;",
    "a" * 300,
    "",
)
FIRST = (
    "Ada", "Ben", "Chloé", "Dmitri", "Eszter", "Fatima", "Göran", "Hana", "Iñigo", "Jörg",
    "Kwame", "Li", "Mina", "Noor", "Oskar",
)  # fmt: skip
LAST = (
    "Okafor", "Smith", "Nguyễn", "Müller", "García", "Kowalska", "Sato", "Haddad", "Brown",
    "Singh", "Rossi", "Ødegård",
)  # fmt: skip


def verdict(status=Status.NAMED, **changes):
    plain = {
        "task": "3.3",
        "title": "batch norm, forward",
        "status": status,
        "credit": 1.0 if status is Status.CORRECT else 0.0,
    }
    if status is Status.NAMED:
        plain |= {
            "failed": ("2 x 2",),
            "seen": ("2 x 2: x = [[1, 2], [3, 4]]", "y came out as [1]; expected [2]"),
            "looks_like": ("The variance was divided by n - 1.",),
            "asks": ("Which of the two does the formula ask for?",),
            "misconceptions": ("variance by n - 1",),
        }
    return Verdict(**{**plain, **changes})


def result(*judged, points=1.0, **changes):
    """A result of these verdicts, or of one that is named."""
    kept = tuple(TaskResult(v, points) for v in judged or (verdict(),))
    plain = {
        "learner": "ada", "name": "Ada Lovelace", "exercise": EXERCISE,
        "source": "submissions/ada/03_batch_norm.ipynb", "fingerprint": "f00", "tasks": kept,
        "tier": "landlock", "versions": {"bncourse": "0.1.0", "numpy": "2.4.6"},
    }  # fmt: skip
    return Result(**{**plain, **changes})


def hostile_result(text):
    """A result that says ``text`` wherever a learner's text can come to stand."""
    lines = (text, f"  {text}")
    bad = verdict(
        Status.UNRECOGNISED, seen=lines, printed=f"{text}\n{text}", notes=lines, failed=(text,)
    )
    named = verdict(looks_like=lines, asks=lines, misconceptions=(text, text), title=text)
    return result(
        bad, named, learner=text or "nobody", name=text, source=f"in/{text}.ipynb", notes=lines,
        flags=(text,), personal=text, ids={"email": text, "canvas": text},
    )  # fmt: skip


@cache
def pool():
    """Real verdicts of each task of lesson 03: [(task, right, [wrong, …], stub), …]."""
    return [(task, *_verdicts(task)) for task in tasks("batch_norm")]


def _verdicts(task):
    def judged(value, seed):
        cases = task.draw(seed)
        return judge(task, cases, run_cases(task, value, cases), seed)

    def crash(*_args):
        return undefined_name  # noqa: F821

    _, answer = next(right_answers(task, task.draw(1)))
    wrong = [judged(a, seed) for seed in (1, 2) for _, a in wrong_answers(task, task.draw(seed))]
    if task.form is None:
        wrong += [judged(crash, 3)] * 2
        wrong += [judged(lambda *args: odd(task, args), seed) for seed in (4, 5)]
    return judged(answer, 1), wrong, judged(task.stub, 1)


def odd(task, args):
    """A wrong answer that no misconception explains."""
    value = task.reference(*args)
    first, *rest = value if isinstance(value, tuple) else (value,)
    return (first * 1.37 + 0.11, *rest) if rest else first * 1.37 + 0.11


def learner(chance, number, exercise=EXERCISE, hostile=False):
    """One made-up learner's exercise."""
    name = f"{FIRST[number % len(FIRST)]} {LAST[number % len(LAST)]}"
    who = f"{name.split()[0].lower()}{number:04d}"
    if hostile:
        name = HOSTILE[number % len(HOSTILE)]
    plain = {
        "learner": who, "name": name, "exercise": exercise,
        "source": f"submissions/{who}/{exercise}.ipynb", "fingerprint": f"{number:x}",
        "tier": "landlock", "personal": name.lower(),
        "versions": {"bncourse": "0.1.0", "numpy": "2.4.6"},
    }  # fmt: skip
    skill = chance.betavariate(3, 1.6)
    kept = []
    for task, right, wrong, stub in pool():
        luck = chance.random()
        found = right if luck < skill else stub if luck > 0.96 else chance.choice(wrong)
        kept.append(TaskResult(found, float(task.id != "3.6")))
    if chance.random() < 0.03:
        blank = tuple(TaskResult(stub, float(task.id != "3.6")) for task, _, _, stub in pool())
        reason = "The file ends in the middle: it is not a whole notebook."
        return Result(tasks=blank, failure=reason, **{**plain, "tier": ""})
    notes = ("Cell 7 stopped with NameError: name 'gama' is not defined.",)
    flags = ("calls torch.nn.BatchNorm1d where the algorithm is asked for",)
    return Result(
        tasks=tuple(kept),
        notes=notes if chance.random() < 0.1 else (),
        flags=flags if chance.random() < 0.03 else (),
        **plain,
    )


def class_of(size, seed=1, exercises=(EXERCISE,), hostile=False):
    """A class's results; a few learners lack one of several exercises."""
    chance = random.Random(seed)
    return [
        learner(chance, number, exercise, hostile)
        for exercise in exercises
        for number in range(size)
        if len(exercises) == 1 or chance.random() > 0.05
    ]
