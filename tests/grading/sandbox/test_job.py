"""What the parent believes of a child's replies: a made-up child says whatever it likes."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest

from bncourse.grading.sandbox import wire
from bncourse.grading.sandbox.job import Ended, Question, Replies, converse
from bncourse.grading.task import Case

ASKED = {
    "id": "9.1", "entry": "f", "params": ("x",), "outputs": ("y",), "driver": "call_function",
    "form": None, "library_layers": False,
}  # fmt: skip
QUESTION = Question("9.1", ASKED, [Case("", (np.ones(2),)), Case("", (np.ones(3),))])
FINE = [["y"], None, [], ""]


class Scripted:
    """A child that sends given pieces; None is silence, "" its death."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)
        self.full = False

    def send(self, data):
        self.sent = data

    def receive(self, seconds):
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if piece is None:
            time.sleep(min(seconds, 0.005))
        return piece

    def overfull(self):
        return self.full

    def end(self):
        return Ended()


def head(**said):
    return wire.encode(said)


def cell(number):
    return head(**{"is": "cell", "number": number})


def outcomes(*cases, arrays=(), task="9.1"):
    return wire.encode({"is": "outcomes", "id": task, "cases": list(cases)}, arrays)


def talk(*pieces, seconds=0.05, until=None):
    replies = Replies({"9.1": QUESTION}, [1, 2])
    until = time.monotonic() + 5 if until is None else until
    return converse(Scripted(*pieces), b"", replies, seconds, until), replies


def test_a_whole_conversation():
    failure, replies = talk(
        head(**{"is": "cell", "number": 1}),
        head(**{"is": "ran", "number": 1, "failure": ["raised", "NameError", "m", "t", 3]})
        + head(**{"is": "cell", "number": 2}),
        head(**{"is": "flag", "text": "imports bncourse.layers"}),
        head(**{"is": "learner", "name": "Ada"}),
        head(**{"is": "task", "id": "9.1"}),
        outcomes(FINE, FINE, arrays=[np.ones(2), np.zeros(3)]),
        head(**{"is": "end"}),
    )
    assert failure is None
    assert replies.learner == "Ada" and replies.flags == ["imports bncourse.layers"]
    assert replies.stopped[1].type == "NameError" and replies.stopped[1].line == 3
    assert [o.values["y"].tolist() for o in replies.outcomes["9.1"]] == [[1, 1], [0, 0, 0]]


def test_a_cell_that_runs_at_the_second_try_has_not_stopped():
    failed = {"is": "ran", "failure": ["raised", "NameError", "", "", 0]}
    failure, replies = talk(
        *[cell(1), head(**failed, number=1), cell(2), head(**failed, number=2)],
        *[cell(1), head(**{"is": "ran", "number": 1, "failure": None}), cell(2)],
        head(**failed, number=2),
        head(**{"is": "end"}),
    )
    assert failure is None and list(replies.stopped) == [2]


@pytest.mark.parametrize(
    "pieces",
    [
        ["2"], ["1", "1"], ["1", "2", "1"], ["1", "2", "2"], ["1", "ran 2"], ["ran 1"],
        ["1", "ran 1", "1"], ["1", "ran 1", "2", "1", "ran 1", "1"],
        ["1", "ran 1", "2", "ran 2", "2", "1"],
        ["task", "1"], ["1", "2", "task", "ran 2"], ["task", "learner"], ["task", "done", "1"],
    ],
)  # fmt: skip
def test_cells_come_in_their_order_and_once_more_at_most(pieces):
    said = {
        "1": cell(1), "2": cell(2), "task": head(**{"is": "task", "id": "9.1"}),
        "learner": head(**{"is": "learner", "name": "Eve"}), "done": outcomes(),
        **{f"ran {n}": head(**{"is": "ran", "number": n, "failure": ["raised", "E", "", "", 0]})
           for n in (1, 2)},
    }  # fmt: skip
    failure, _ = talk(*(said[piece] for piece in pieces), head(**{"is": "end"}))
    assert failure.kind == "ended" and "its process sent" in failure.message


def test_the_first_outcomes_count_not_later_ones():
    _, replies = talk(
        outcomes(FINE, FINE, arrays=[np.ones(2), np.ones(2)]),
        outcomes(FINE, FINE, arrays=[np.zeros(2), np.zeros(2)]),
        head(**{"is": "end"}),
    )
    assert replies.outcomes["9.1"][0].values["y"].tolist() == [1, 1]


@pytest.mark.parametrize(
    "piece",
    [
        wire.encode("no dict"),
        wire.encode({}),
        head(**{"is": "verdict", "credit": 1}),
        head(**{"is": ["cell"], "number": 1}),
        head(**{"is": "cell", "number": 77}),
        head(**{"is": "cell", "number": [1]}),
        head(**{"is": "cell", "number": True}),
        head(**{"is": "task", "id": "3.3"}),
        head(**{"is": "task", "id": ["9.1"]}),
        head(**{"is": "learner", "name": 5}),
        head(**{"is": "ran", "number": 1, "failure": ["correct", "", "", "", 0]}),
        head(**{"is": "ran", "number": 1, "failure": [["raised"], "", "", "", 0]}),
        head(**{"is": "ran", "number": 1, "failure": "raised"}),
        outcomes(FINE, FINE, FINE, arrays=[np.ones(1)] * 3),
        outcomes(FINE),
        outcomes([["y", "y"], None, [], ""], arrays=[np.ones(1)] * 2),
        outcomes([[["y"]], None, [], ""], arrays=[np.ones(1)]),
        outcomes([["y"] * 100, None, [], ""], arrays=[np.ones(1)] * 100),
        outcomes([["y"], ["raised", "", "", "", 0], [], ""], arrays=[np.ones(1)]),
        outcomes([None, None, [], ""]),
        outcomes([["y"], None, "x", ""], arrays=[np.ones(1)]),
        outcomes([["y"], None, [], 7], arrays=[np.ones(1)]),
        outcomes("all right"),
        b"\x80\x04pickle" * 5,
    ],
)
def test_what_makes_no_sense_ends_the_conversation(piece):
    failure, replies = talk(piece, head(**{"is": "end"}))
    assert failure.kind == "ended" and "its process sent" in failure.message
    assert not replies.ended and replies.outcomes.get("9.1", []) == []


def test_texts_are_cut_and_can_be_encoded():
    _, replies = talk(
        wire.LENGTHS.pack(
            len(t := b'[{"is":"learner","name":"\\ud800' + b"x" * 5000 + b'"},[]]'), 0
        )
        + t,
        outcomes(
            [["\x1b[31m" + "n" * 500], None, ["x" * 500], "p" * 9000],
            [None, ["raised", "E" * 5000, "m" * 5000, "t" * 5000, 1 << 40], [], ""],
            arrays=[np.ones(1)],
        ),
        head(**{"is": "end"}),
    )
    replies.learner.encode()
    assert len(replies.learner) <= 1000
    first, second = replies.outcomes["9.1"]
    assert max(map(len, first.values)) <= 100 and len(first.printed) == 2000
    assert second.failure.line == 0 and len(second.failure.message) == 1000


def test_silence_is_waited_for_as_long_as_a_step_may_take():
    begun = time.monotonic()
    failure, replies = talk(head(**{"is": "task", "id": "9.1"}), *[None] * 10_000, seconds=0.05)
    assert failure.kind == "timeout" and replies.step == ("task", "9.1")
    assert time.monotonic() - begun < 5


def test_talking_does_not_buy_time():
    flag = head(**{"is": "flag", "text": "still here"})

    def chatter(*before):
        child = Scripted(*before, *[flag, None] * 200)
        return converse(child, b"", Replies({"9.1": QUESTION}, [1]), 0.05, time.monotonic() + 5)

    for before in ([cell(1)], [head(**{"is": "task", "id": "9.1"})]):
        assert chatter(*before).message == "it was stopped after 0.05 seconds"


def test_a_death_is_a_death():
    failure, replies = talk(cell(1), cell(2), b"")
    assert failure.kind == "ended" and replies.step == ("cell", 2)


def test_a_flood_is_cut_off(monkeypatch):
    monkeypatch.setattr("bncourse.grading.sandbox.job.REPLY_BUDGET", 1000)
    failure, _ = talk(*[head(**{"is": "flag", "text": "x" * 100})] * 50)
    assert failure.message == "its process sent more than is read"


def test_a_folder_that_fills_ends_it_even_while_it_talks():
    child = Scripted(*[head(**{"is": "flag", "text": "busy"}), None] * 1000)
    child.full = True
    replies = Replies({"9.1": QUESTION}, [1])
    failure = converse(child, b"", replies, 5.0, time.monotonic() + 5)
    assert "wrote more files" in failure.message


def test_flags_are_few():
    _, replies = talk(*[head(**{"is": "flag", "text": str(n)}) for n in range(100)],
                      head(**{"is": "end"}))  # fmt: skip
    assert len(replies.flags) == 20


def test_the_request_holds_no_answers():
    from bncourse.grade.prepared import prepare
    from bncourse.grading.sandbox.job import questions_message
    from bncourse.registry import find

    task = find("3.3")
    data = questions_message([prepare(task, 3).question])
    text = data[wire.LENGTHS.size : wire.LENGTHS.size + wire.LENGTHS.unpack_from(data)[0]]
    said = json.dumps(json.loads(text))
    for secret in (*(m.key for m in task.misconceptions), *task.hints, "rtol", "a large eps"):
        assert secret not in said
    _, arrays = wire.decode(text, data[wire.LENGTHS.size + len(text) :])
    for case in task.draw(3):
        y = task.reference(*case.args)[0]
        assert not any(a.shape == y.shape and np.allclose(a, y) for a in arrays)


ASKING = Question("9.1", ASKED, QUESTION.cases, oracle=lambda k, x: (x + k,))


class Answered(Scripted):
    """A child that keeps what it was told."""

    def __init__(self, *pieces):
        super().__init__(*pieces)
        self.told = []

    def send(self, data, seconds=None):
        self.told.append(data)


def ask(question, *pieces):
    child, replies = Answered(*pieces), Replies({"9.1": question}, ())
    failure = converse(child, b"", replies, 0.05, time.monotonic() + 5)
    return failure, [read(data) for data in child.told[1:]]


def read(data):
    pieces = memoryview(data)

    def take(n):
        nonlocal pieces
        piece, pieces = pieces[:n], pieces[n:]
        return bytes(piece)

    return wire.read_message(take)


def a_question(number, task="9.1", x=(1.0, 2.0)):
    said = {"is": "ask", "id": task, "args": {"tuple": [number, {"array": 0}]}}
    return wire.encode(said, [np.array(x)])


def test_what_an_answer_asks_is_answered_by_the_parent():
    failure, told = ask(
        ASKING, head(**{"is": "task", "id": "9.1"}), a_question(2) + a_question(5),
        head(**{"is": "end"}),
    )  # fmt: skip
    assert failure is None
    assert [(said, [a.tolist() for a in arrays]) for said, arrays in told] == [
        (None, [[3, 4]]), (None, [[6, 7]])
    ]  # fmt: skip


class Counting:
    """An oracle that remembers how often it was asked, and says it."""

    def __init__(self):
        self.asked = 0

    def anew(self):
        return Counting()

    def __call__(self, *_args):
        self.asked += 1
        return (np.array(float(self.asked)),)


def test_an_oracle_that_remembers_begins_anew_with_each_notebook():
    shared = Counting()
    question = replace(ASKING, oracle=shared)
    for _notebook in range(2):
        failure, told = ask(
            question, head(**{"is": "task", "id": "9.1"}), a_question(2), a_question(2),
            head(**{"is": "end"}),
        )  # fmt: skip
        assert failure is None and [arrays[0] for _, arrays in told] == [1, 2]
    assert shared.asked == 0
    replies = Replies({"9.1": question}, ())
    before = replies.oracles["9.1"]
    replies.forget(["9.1"])
    assert replies.oracles["9.1"] not in (before, shared)


@pytest.mark.parametrize(
    "args", [{"tuple": ["a", {"array": 0}]}, {"tuple": [1]}, {"array": 99}, 7, None, {"x": {}}]
)
def test_a_question_that_makes_no_sense_is_answered_with_a_reason(args):
    said = wire.encode({"is": "ask", "id": "9.1", "args": args}, [np.ones(2)])
    failure, told = ask(ASKING, head(**{"is": "task", "id": "9.1"}), said, head(**{"is": "end"}))
    assert failure is None and isinstance(told[0][0], str) and told[0][1] == []


@pytest.mark.parametrize(
    ("question", "pieces"),
    [
        (QUESTION, [head(**{"is": "task", "id": "9.1"}), a_question(1)]),  # nobody answers it
        (ASKING, [a_question(1)]),  # no task has begun
        (ASKING, [head(**{"is": "task", "id": "9.1"}), a_question(1, task="3.3")]),
    ],
)
def test_a_question_to_nobody_ends_the_conversation(question, pieces):
    failure, told = ask(question, *pieces)
    assert failure.kind == "ended" and "nobody answers" in failure.message and told == []


def test_questions_are_counted(monkeypatch):
    monkeypatch.setattr("bncourse.grading.sandbox.job.MOST_ASKED", 3)
    failure, told = ask(ASKING, head(**{"is": "task", "id": "9.1"}), *[a_question(1)] * 4)
    assert failure.kind == "ended" and len(told) == 3


def test_questions_that_were_answered_leave_room_for_others_up_to_a_limit(monkeypatch):
    size = len(a_question(1))
    begin = head(**{"is": "task", "id": "9.1"})
    monkeypatch.setattr("bncourse.grading.sandbox.job.REPLY_BUDGET", len(begin) + 2 * size + 100)
    many = [a_question(1)] * 20
    failure, told = ask(ASKING, begin, *many, head(**{"is": "end"}))
    assert failure is None and len(told) == 20
    monkeypatch.setattr("bncourse.grading.sandbox.job.ASKED_BUDGET", 5 * size)
    failure, told = ask(ASKING, begin, *many, head(**{"is": "end"}))
    assert failure.message == "its process sent more than is read" and 5 <= len(told) < 9


def test_a_patient_task_has_several_time_limits_and_no_more():
    patient = Question("9.1", ASKED | {"patience": 20}, QUESTION.cases)
    for question, fails in ((QUESTION, True), (patient, False)):
        silence = [None] * 100  # half a second of it
        child = Scripted(
            head(**{"is": "task", "id": "9.1"}), *silence, outcomes(FINE, arrays=[np.ones(2)]),
            head(**{"is": "end"}),
        )  # fmt: skip
        replies = Replies({"9.1": question}, ())
        failure = converse(child, b"", replies, 0.15, time.monotonic() + 5)
        assert (failure is not None and failure.kind == "timeout") == fails
    child = Scripted(head(**{"is": "task", "id": "9.1"}), *[None] * 1000)
    replies = Replies({"9.1": patient}, ())
    failure = converse(child, b"", replies, 0.05, time.monotonic() + 9)
    assert failure.message == "it was stopped after 1 seconds"


def two_tasks(*pieces):
    """A child that has 8.1, whose answer asks nobody, and then 9.1, whose answer asks."""
    plain = Question("8.1", ASKED | {"id": "8.1"}, QUESTION.cases)
    child, replies = Answered(*pieces), Replies({"8.1": plain, "9.1": ASKING}, ())
    failure = converse(child, b"", replies, 0.05, time.monotonic() + 5)
    return failure, replies, child.told[1:]


def begin(task):
    return head(**{"is": "task", "id": task})


@pytest.mark.parametrize(
    "pieces",
    [
        [begin("8.1"), begin("9.1"), a_question(1)],  # in the middle of the other
        [begin("9.1"), a_question(1)],
        [a_question(1)],
        [begin("8.1"), a_question(1)],
        [begin("8.1"), a_question(1, task="8.1")],
    ],
)
def test_an_oracle_is_closed_until_what_comes_before_it_is_final(pieces):
    failure, _, told = two_tasks(*pieces, head(**{"is": "end"}))
    assert failure.kind == "ended" and told == []


def test_nothing_is_said_again_once_an_oracle_has_spoken():
    fine = outcomes(FINE, arrays=[np.ones(1)], task="8.1")
    late = outcomes(FINE, arrays=[np.zeros(1)], task="8.1")
    failure, replies, told = two_tasks(
        *[begin("8.1"), fine, begin("9.1"), a_question(1), begin("8.1"), late]
    )
    assert failure.kind == "ended" and len(told) == 1
    assert replies.outcomes["8.1"][0].values["y"].tolist() == [1]


def test_an_oracle_is_closed_again_when_its_task_is_done():
    done = outcomes(FINE, FINE, arrays=[np.ones(1)] * 2)
    failure, told = ask(ASKING, begin("9.1"), a_question(1), done, a_question(1))
    assert "nobody answers" in failure.message and len(told) == 1
