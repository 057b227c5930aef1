"""Wrong dgamma and dbeta of layer norm: other factors, other sums."""

from __future__ import annotations

from bncourse.grading.kinds import slips
from bncourse.tasks.layer_norm.backward_board import backward

_slip = slips(backward)

# The wrong sums of dgamma, of dbeta or of both: what is said, asked, its code, and the switch.
WRONG_SUMS = {
    "kept per row": (
        "{names} {have} the shape of x: each row has kept its share.",
        "{name} holds H numbers, and every row uses them. What happens backward where an arrow "
        "fans out forward?",
        "",
        "nowhere",
    ),
    "summed along the row": (
        "{names} {were} summed over the units, the axis that is normalised.",
        "Which numbers of y does one entry of {name} reach?",
        "M3",
        "last",
    ),
    "averaged along the row": (
        "{names} {were} averaged over the units, the axis that is normalised.",
        "Which numbers of y does one entry of {name} reach?",
        "M3",
        "row mean",
    ),
    "summed over axis 0 only": (
        "{names} {were} summed over axis 0. In a sequence (N, T, H) every time step uses the same "
        "gamma and beta, too.",
        "Which shape must the gradient of {name} have, whatever stands before the last axis?",
        "M3",
        "first",
    ),
    "summed over axis 1": (
        "{names} {were} summed over axis 1. In a table these are the units; a single vector has no "
        "axis 1.",
        "Which numbers of y does one entry of {name} reach?",
        "M3",
        "second",
    ),
    "averaged over axis 0": (
        "{names} {were} averaged over axis 0; every vector uses gamma and beta, so the shares add "
        "up, over all axes but the last.",
        "Where an arrow fans out forward, what happens backward?",
        "",
        "first mean",
    ),
    "divided by N": (
        "{names} {have} been divided by the length of axis 0. The shares of the vectors add up.",
        "Where an arrow fans out forward, what happens backward?",
        "",
        "over N",
    ),
    "divided by H": (
        "{names} {have} been divided by H. The shares of the vectors add up.",
        "Where an arrow fans out forward, what happens backward?",
        "",
        "over H",
    ),
    "summed over the first two axes": (
        "{names} {were} summed over the axes 0 and 1. That fits sequences (N, T, H) and nothing "
        "else.",
        "Which axes are not the last one: in (H,), in (N, H), in (N, T, H)?",
        "M3",
        "first two",
    ),
    "summed over everything": (
        "{names} {were} summed over all axes; gamma and beta hold H numbers each.",
        "Which numbers of y does one entry of {name} reach?",
        "M3",
        "all",
    ),
    "with leading axes": (
        "{names} {have} the right numbers and leading axes of length 1.",
        "What is the shape of {name}?",
        "",
        "kept",
    ),
    "averaged": (
        "{names} {were} averaged over the vectors; every vector uses gamma and beta, so the shares "
        "add up.",
        "Where an arrow fans out forward, what happens backward?",
        "",
        "mean",
    ),
}


PARAMETERS = (
    _slip(
        "x_hat missing in dgamma",
        "x_hat is missing in dgamma: the sum of dy alone is dbeta.",
        "y = gamma · x_hat + beta. What is the derivative of y by gamma?",
        dgamma="none",
    ),
    _slip(
        "x_hat in dbeta",
        "x_hat stands in dbeta, too: that sum is dgamma.",
        "y = gamma · x_hat + beta. What is the derivative of y by beta?",
        dgamma="right",
        dbeta="x_hat",
    ),
    _slip(
        "centred for dgamma",
        "dgamma was made with the centred values; gamma multiplies x_hat.",
        "What does gamma multiply?",
        dgamma="centred",
    ),
    _slip(
        "inv_std in dgamma",
        "inv_std stands in dgamma; x_hat has it in it already.",
        "What does gamma multiply?",
        dgamma="with inv_std",
    ),
    _slip(
        "gamma for x_hat",
        "gamma stands in dgamma where x_hat belongs.",
        "y = gamma · x_hat + beta. What is the derivative of y by gamma?",
        dgamma="gamma",
    ),
    _slip(
        "gamma in dgamma",
        "gamma itself stands in dgamma.",
        "y = gamma · x_hat + beta. What is the derivative of y by gamma?",
        dgamma="with gamma",
    ),
    _slip(
        "gamma in dbeta",
        "gamma multiplies dbeta; beta is added after gamma.",
        "y = gamma · x_hat + beta. What is the derivative of y by beta?",
        dbeta="gamma",
    ),
    _slip(
        "dgamma and dbeta swapped",
        "dgamma and dbeta have changed places.",
        "Which of the two parameters multiplies x_hat?",
        dgamma="none",
        dbeta="x_hat",
    ),
    *(
        slip
        for key, (says, asks, code, how) in WRONG_SUMS.items()
        for slip in (
            _slip(
                f"parameters {key}",
                says.format(names="dgamma and dbeta", have="have", were="were"),
                asks.format(name="gamma"),
                code,
                summed=(how, how),
            ),
            _slip(
                f"dgamma {key}",
                says.format(names="dgamma", have="has", were="was") + " dbeta is right.",
                asks.format(name="gamma"),
                code,
                summed=(how, "leading"),
            ),
            _slip(
                f"dbeta {key}",
                says.format(names="dbeta", have="has", were="was") + " dgamma is right.",
                asks.format(name="beta"),
                code,
                summed=("leading", how),
            ),
        )
    ),
)
