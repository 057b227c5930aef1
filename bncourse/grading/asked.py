"""What a learner is asked for, without any answer: all that the process running their code knows.

A task's reference, misconceptions and cases stay with the judge; of the form its questions'
fields and of a Parsons problem its lines go along, which learners can read anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bncourse.grading.answers import Driver, call_function
from bncourse.grading.assembly import Assembly, Line, assemble
from bncourse.grading.backwards import hand_in_backward
from bncourse.grading.batches import deal_batches
from bncourse.grading.blocks import assemble_block
from bncourse.grading.folded import fold_layer
from bncourse.grading.form import Choice, Form, Number, fill_form
from bncourse.grading.hand_in_layers import hand_in_layers
from bncourse.grading.handed import call_many_times, hand_in_functions
from bncourse.grading.layer_lives import live_through
from bncourse.grading.layer_uses import use_layer
from bncourse.grading.loaders import load_epochs
from bncourse.grading.model_runs import fit_model
from bncourse.grading.norms import hand_in_norm
from bncourse.grading.prepared_data import prepare_data
from bncourse.grading.served_layers import serve_claim, serve_layers
from bncourse.grading.step_records import keep_records
from bncourse.grading.sweeps import run_sweep

DRIVERS: Mapping[str, Driver] = {
    driver.__name__: driver
    for driver in (
        call_function,
        fill_form,
        assemble,
        deal_batches,
        hand_in_backward,
        live_through,
        fit_model,
        hand_in_norm,
        keep_records,
        run_sweep,
        load_epochs,
        hand_in_functions,
        call_many_times,
        hand_in_layers,
        use_layer,
        fold_layer,
        prepare_data,
        serve_layers,
        serve_claim,
        assemble_block,
    )
}
FIELDS = {"number": Number, "choice": Choice}


@dataclass(frozen=True)
class Asked:
    """The entry name, the names of arguments and results, the driver and its form.

    ``library_layers`` is True where a library's own normalisation may be called. ``oracle`` puts
    a question to whoever asked, where the task has someone to answer it. ``patience`` is how many
    time limits the answer may take.
    """

    id: str
    entry: str
    params: tuple[str, ...]
    outputs: tuple[str, ...]
    driver: Driver = call_function
    form: Any = None
    library_layers: bool = False
    patience: int = 1
    oracle: Callable[..., Any] | None = None


def to_data(task: Any) -> dict[str, Any]:
    """Return what a task asks for as data that JSON can hold."""
    return {
        "id": task.id,
        "entry": task.entry,
        "params": task.params,
        "outputs": task.outputs,
        "driver": task.driver.__name__,
        "form": _form_data(task.form),
        "library_layers": task.library_layers,
        "patience": task.patience,
    }


def from_data(data: Mapping[str, Any]) -> Asked:
    """Read it back. Raises KeyError for a driver that this process does not know."""
    return Asked(
        data["id"],
        data["entry"],
        tuple(data["params"]),
        tuple(data["outputs"]),
        DRIVERS[data["driver"]],
        _form(data["form"]),
        data["library_layers"],
        data["patience"],
    )


def _form_data(form: Any) -> dict[str, Any] | None:
    if isinstance(form, Form):
        kinds = {cls: kind for kind, cls in FIELDS.items()}
        fields = [{"kind": kinds[type(f)], **asdict(f)} for f in form.fields]
        return {"fields": fields, "confidence": form.confidence}
    return asdict(form) if isinstance(form, Assembly) else None


def _form(data: Mapping[str, Any] | None) -> Any:
    if data is None:
        return None
    if "fields" in data:
        fields = tuple(_field(dict(f)) for f in data["fields"])
        return Form(_unasked, fields, data["confidence"], lenient=True)
    lines = tuple(Line(**line) for line in data["lines"])
    return Assembly(data["question"], data["head"], lines, data["tail"])


def _field(data: dict[str, Any]) -> Number | Choice:
    kind = FIELDS[data.pop("kind")]
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()})


def _unasked(_numbers: Mapping[str, Any]) -> str:
    return ""
