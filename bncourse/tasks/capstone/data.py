"""C.4: the patient's data: standardised without a leak, and dealt in mixed batches."""

from __future__ import annotations

import numpy as np

from bncourse.grading.kinds import driven_task
from bncourse.grading.prepared_data import DEALT, prepare_data
from bncourse.grading.task import Case, Misconception
from bncourse.tasks.capstone.faulty import board, from_faults
from bncourse.tasks.capstone.patient import built

TOLD = {
    "standardised by the test images too": (
        "Mean and standard deviation are taken from the training and the test images together.",
        "Which images may decide how the others are standardised?",
        "M11",
    ),
    "batches of one class": (
        "The images are dealt in the order of their classes: a batch has one class only.",
        "What do the mates of an image have in common, and what does batch norm make of that?",
        "",
    ),
    "labels left behind": (
        "The images are dealt in another order than their labels.",
        "Which label stands beside the first image of the first batch?",
        "",
    ),
    "dealt with replacement": (
        "Some images are dealt twice in an epoch, and others never.",
        "How often may a card come when a pack is dealt?",
        "",
    ),
    "batches drawn anew": (
        "Each batch is drawn from all images anew: some come twice in an epoch, others never.",
        "From what is left of a pack is the second hand of cards dealt?",
        "",
    ),
    "one mean for all pixels": (
        "All pixels are standardised by one mean and one standard deviation.",
        "Along which axis do the images lie, and along which the pixels?",
        "M3",
    ),
}
CLASSES, EACH = 4, 12
ONCE = "every image is dealt once, with its label"


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw images whose brightness goes with their class, and test images that lie apart."""

    def draw(label, batch_size, dead):
        y = rng.permutation(np.repeat(np.arange(CLASSES), EACH))
        x = rng.normal(0, 1, (len(y), 3)) + y[:, None]
        x_test = rng.normal(rng.choice([-3, 3]), 2, (8, 3))
        if dead:
            x[:, 1], x_test[:, 1] = 0.0, 0.0
        seed = int(rng.integers(1 << 31))
        return Case(label, (x.round(2), y, x_test.round(2), batch_size, seed))

    return [
        draw("batches of eight", 8, False),
        draw("a short batch at the end", 9, False),
        draw("a pixel that never changes", 8, True),
    ]


def measure(got, x, y, x_test, batch_size, seed):
    """Say which rows came, in which company, and how the test images were standardised."""
    sizes = got["sizes"].astype(int)
    whole = np.column_stack([got["x"], got["y"]])
    labels = np.split(got["y"], np.cumsum(sizes)[:-1])
    mixed = float(np.mean([len(np.unique(part)) for part in labels]))
    same = got["same_seed"].shape == got["x"].shape and np.array_equal(got["same_seed"], got["x"])
    later = got["next_epoch"].shape == got["x"].shape and np.array_equal(
        got["next_epoch"], got["x"]
    )
    return {
        "the test images": got["x_test"],
        "the training images, sorted": whole[np.lexsort(whole.T.round(9))],
        "the batches' sizes": sizes,
        "batches hold several classes": np.array(mixed > 2),
        "another epoch has other batches": np.array(not later),
        "the same seed gives the same batches": np.array(bool(same)),
        ONCE: np.array(_each_once(whole, np.column_stack([x, y]))),
    }


def _each_once(dealt, rows):
    """Say whether all rows were dealt, each once and with its label, however they were scaled."""
    if dealt.shape != rows.shape:
        return False
    scaled = []
    for a, b in zip(np.sort(rows, axis=0).T, np.sort(dealt, axis=0).T, strict=True):
        slope = (b[-1] - b[0]) / (a[-1] - a[0]) if a[-1] > a[0] else 0.0
        line = rows.T[len(scaled)] * slope + b[0] - a[0] * slope
        if (a[-1] > a[0]) != (slope > 0) or not np.allclose(np.sort(line), b, atol=1e-6):
            return False
        scaled.append(line)
    wanted = np.transpose(scaled)
    wanted, came = (m[np.lexsort(m.T.round(6))] for m in (wanted, dealt))
    return bool(np.allclose(wanted, came, atol=1e-5) and (wanted[:, -1] == came[:, -1]).all())


def _loop(x_train, y_train, x_test, batch_size, rng):
    """Another style: a shuffled list of pairs, and variances by hand."""
    mean = x_train.sum(0) / len(x_train)
    var = ((x_train - mean) ** 2).mean(0)
    sd = np.sqrt(var)
    sd[sd == 0] = 1
    rows = list(range(len(x_train)))
    rng.shuffle(rows)
    cuts = [rows[k : k + batch_size] for k in range(0, len(rows), batch_size)]
    return [((x_train[c] - mean) / sd, y_train[c]) for c in cuts], (x_test - mean) / sd


def _alone(x_train, y_train, x_test, batch_size, rng):
    batches, _ = _loop(x_train, y_train, x_test, batch_size, rng)
    return batches, _loop(x_test, y_train[: len(x_test)], x_test, batch_size, rng)[1]


def _once(x_train, y_train, x_test, batch_size, rng):
    return _loop(x_train, y_train, x_test, batch_size, np.random.default_rng(0))


def stub(x_train, y_train, x_test, batch_size, rng):
    """The exercise before a patient is admitted."""
    return None


def share(evidence):
    """Half for the standardiser and half for the loader, each where every case is right."""
    loader = {"batches hold several classes", "another epoch has other batches", ONCE}
    wrong = {name for c in evidence.cases for name in c.wrong}
    if any(c.failure or c.outcome.mutated for c in evidence.cases):
        return 0.0
    if wrong - loader - {"the test images", "the training images, sorted"}:
        return 0.0
    return 0.5 * (not wrong & loader) + 0.5 * (not wrong - loader)


TASK = driven_task(
    prepare_data,
    id="C.4",
    title="the patient's data",
    entry="prepare",
    objective="Standardise without leakage, and deal batches in which classes are mixed",
    minutes=10,
    points=5.0,
    params=("x_train", "y_train", "x_test", "batch_size", "rng"),
    outputs=DEALT,
    cases=cases,
    reference=built("data")["prepare"],
    misconceptions=(
        *from_faults("data", "prepare", TOLD),
        Misconception(
            "test images by themselves",
            "The test images are standardised by their own mean and standard deviation.",
            "How would a single test image be standardised?",
            "M11",
            _alone,
        ),
        Misconception(
            "the same batches in every epoch",
            "Every epoch has the same batches: the order does not come from rng.",
            "Whose state moves on from one epoch to the next?",
            "",
            _once,
        ),
    ),
    hints=(
        "Print the labels of the first batch. Then change one test image and look at the training "
        "images.",
        "What was not there when the net was trained must not have any say in how its images are "
        "prepared. And mates that are alike tell a normalising layer their class.",
        "For the order: rng.permutation(5) gives the numbers 0 to 4 in an order of its own at each "
        "call. For the standardiser: follow the name whose mean is taken back to where it is made.",
    ),
    stub=stub,
    accepted=(_loop,),
    switchboard=board("data", "prepare"),
    measure=measure,
    credit=share,
    discreet=True,
)
