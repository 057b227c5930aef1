"""The kinds of task, each made from what is its own: a form, lines to assemble, a slip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from typing import Any

from bncourse.grading.answers import Driver
from bncourse.grading.asked import Asked
from bncourse.grading.assembly import Assembly, assemble
from bncourse.grading.form import Form, fill_form
from bncourse.grading.task import Misconception, Task


def form_task(form: Form, *, params: str, personal: bool = True, **rest: Any) -> Task:
    """Return a task whose answer is a dict of typed fields, each with its share of the credit.

    ``params`` names the one argument of its case, a dict of the numbers in the question. The
    cases are the learner's own unless ``personal`` is False.
    """
    empty = [*form.names, "confidence"] if form.confidence else list(form.names)
    return Task(
        params=(params,),
        outputs=form.names,
        stub=dict.fromkeys(empty),
        driver=fill_form,
        personal=personal,
        partial=True,
        form=form,
        **rest,
    )


def assembly_task(assembly: Assembly, **rest: Any) -> Task:
    """Return a task whose answer is an order of lines, judged by running what they make."""
    return Task(stub="", driver=assemble, form=assembly, **rest)


def driven_task(driver: Driver, **rest: Any) -> Task:
    """Return a task whose answer is a function that ``driver`` turns into arrays.

    The reference, the misconceptions and the switchboard are written as learners write theirs.
    """
    asked = Asked(
        rest["id"], rest["entry"], rest["params"], rest["outputs"], oracle=rest.get("oracle")
    )

    def driven(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def drive(*args: Any, **switches: Any) -> Any:
            return driver(asked, partial(function, **switches))(*args)

        return drive

    bank = tuple(
        replace(m, wrong=m.wrong and driven(m.wrong), variants=tuple(map(driven, m.variants)))
        for m in rest.pop("misconceptions")
    )
    board, given = rest.pop("switchboard", None), rest.pop("given", None)
    return Task(
        driver=driver,
        reference=driven(rest.pop("reference")),
        misconceptions=bank,
        switchboard=board and driven(board),
        given=given and driven(given),
        **rest,
    )


def slips(switchboard: Callable[..., Any]) -> Callable[..., Misconception]:
    """Return a maker of misconceptions: settings of one function that computes every slip.

    Two of them that set different switches can be recognised when they are made at once.
    """

    def slip(key: str, says: str, asks: str, code: str = "", **switches: Any) -> Misconception:
        def wrong(*args: Any) -> Any:
            return switchboard(*args, **switches)

        return Misconception(key, says, asks, code, wrong, switches=switches)

    return slip
