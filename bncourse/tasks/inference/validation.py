"""5.4: mend a training loop whose validation spoils the training."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from bncourse.grading.kinds import driven_task, slips
from bncourse.grading.model_runs import DIARY, fit_model
from bncourse.grading.task import Case


def fit_and_validate(
    model, batches, validation, epochs, *, before="eval", after="train", start="train",
    how="loss", last="train",
):  # fmt: skip
    """Train, and validate after each epoch; the keywords switch single faults on."""
    history = []
    if start == "train":
        model.train()
    elif start == "eval":
        model.eval()
    for epoch in range(epochs):
        if start == "eval each":
            model.eval()
        for batch in batches:
            if before == "in training":
                model.eval()
            model.update(batch)
        if before == "eval" or (before == "late" and epoch == epochs - 1):
            model.eval()
        losses = []
        for batch in validation:
            if before == "each":
                model.eval()
            losses.append(model.loss(batch))
            if how == "update":
                model.update(batch)
            if before == "each" or after == "each":
                model.train()
        history.append(sum(losses) / len(losses))
        if after == "train" and (last == "train" or epoch < epochs - 1):
            model.train()
    return np.array(history)


def given(model, batches, validation, epochs):
    """The loop as learners find it."""
    return fit_and_validate(model, batches, validation, epochs, before="none", after="none")


_slip = slips(fit_and_validate)

MISCONCEPTIONS = (
    _slip(
        "eval never undone",
        "Validation is in evaluation mode now, and everything after it as well: from the second "
        "epoch on the model trains in evaluation mode.",
        "In which mode is the first update of the second epoch?",
        "M5",
        after="none",
    ),
    _slip(
        "back after the first batch",
        "The model goes back to training mode after the first validation batch; the others are "
        "measured in training mode.",
        "How often may train() be called in one validation?",
        "M5",
        after="each",
    ),
    replace(
        _slip(
            "training in evaluation mode",
            "The model makes its updates in evaluation mode.",
            "What does a layer in evaluation mode remember of the training batches?",
            "M5",
            start="eval",
            after="none",
        ),
        variants=(
            partial(fit_and_validate, start="eval each"),
            partial(fit_and_validate, before="in training"),
            partial(fit_and_validate, start="eval each", after="none"),
        ),
    ),
    _slip(
        "trained on validation",
        "The model makes updates on the validation batches.",
        "Which of the model's methods may touch validation data?",
        "M11",
        how="update",
    ),
    _slip(
        "last epoch only",
        "Only the last validation is in evaluation mode; the earlier ones still spoil the memory.",
        "In which mode was the first entry of history measured?",
        "M5",
        before="late",
    ),
    _slip(
        "left in evaluation mode",
        "Training and validation are right, but the model comes back in evaluation mode: whoever "
        "trains on has to know.",
        "In which mode is the model when fit_and_validate returns?",
        "M5",
        last="eval",
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw training and validation batches that lie apart, so that every leak shows."""

    def draw(label, training, validation, epochs):
        shift = rng.choice([-1, 1]) * rng.uniform(3, 6)
        batches = [rng.normal(1, 1, 4).round(1) for _ in range(training)]
        others = [rng.normal(1 + shift, 2, 3).round(1) for _ in range(validation)]
        return Case(label, (batches, others, epochs))

    return [
        draw("two epochs of one batch, two for validation", 1, 2, 2),
        draw("three epochs", 3, 2, 3),
        draw("four epochs", 2, 3, 4),
    ]


def _tries(model, batches, validation, epochs):
    history = []
    for _ in range(epochs):
        model.train()
        for batch in batches:
            model.update(batch)
        model.eval()
        try:
            history.append(float(np.mean([model.loss(batch) for batch in validation])))
        finally:
            model.train()
    return history


def _each(model, batches, validation, epochs):
    return fit_and_validate(model, batches, validation, epochs, before="each")


TASK = driven_task(
    fit_model,
    id="5.4",
    title="the validation that spoils",
    entry="fit_and_validate",
    objective="Set the mode at the start of each phase, and find what happens if it is forgotten",
    minutes=10,
    params=("batches", "validation", "epochs"),
    outputs=DIARY,
    cases=cases,
    reference=fit_and_validate,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Print model.training before the first update of each epoch, and before each loss.",
        "Validation must leave no trace: after it the model is as it was before, and the next "
        "phase has to be in its own mode. Two lines are missing.",
        "Put one line in front of the loop over validation. Then follow the model into the next "
        "epoch: in which mode does it arrive there, and on the way out of the function?",
    ),
    stub=given,
    given=given,
    accepted=(_tries, _each),
    switchboard=fit_and_validate,
)
