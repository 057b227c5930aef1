"""Wrong stages of the backward pass: one function with a switch for each slip."""

from __future__ import annotations

from bncourse.grading.kinds import slips


def staged(
    dy, cache, *, gamma="right", factor="right", var_from="dx_hat", half=-0.5, summed=True,
    mean_from="dx_hat", mean_sign=-1, mean_scaled=True, mean_summed="sum",
    direct="dx_hat", by_variance=1, by_mean=1, variance_share="m", mean_share="m", two=2,
    moves="centred", dgamma="right", dbeta="sum", swapped=False,
):  # fmt: skip
    """The six stages; the keywords switch single slips on."""
    x_hat, inv_std = cache["x_hat"], cache["inv_std"]
    m, centred = len(dy), x_hat / inv_std
    dx_hat = {"right": dy * cache["gamma"], "missing": dy, "divided": dy / cache["gamma"]}[gamma]
    slope = {
        "right": centred * inv_std**3,
        "power one": centred * inv_std,
        "power two": centred * inv_std**2,
        "x_hat": x_hat * inv_std**3,
        "dinv_std": centred / half,
    }[factor]
    dvar = ((dy if var_from == "dy" else dx_hat) * slope).sum(axis=0) * half
    if not summed:
        dvar = dvar / m
    arriving = {"dx_hat": dx_hat, "dy": dy}[mean_from]
    dmean = mean_sign * (arriving * (inv_std if mean_scaled else 1)).sum(axis=0)
    if mean_summed == "mean":
        dmean = dmean / m
    counts = {"m": m, "m - 1": m - 1, "1": 1}
    dx = (
        {"dx_hat": dx_hat * inv_std, "dy": dy * inv_std, "none": 0, "bare": dx_hat}[direct]
        + by_variance
        * dvar
        * two
        * (x_hat if moves == "x_hat" else centred)
        / counts[variance_share]
        + by_mean * dmean / counts[mean_share]
    )
    out = {
        "right": dy * x_hat,
        "mean": dy * x_hat / m,
        "centred": dy * centred,
        "with gamma": dy * x_hat * cache["gamma"],
    }[dgamma].sum(axis=0)
    last = {"sum": dy.sum(axis=0), "mean": dy.mean(axis=0), "gamma": dx_hat.sum(axis=0)}[dbeta]
    if swapped:
        out, last = last, out
    names = ("dx_hat", "dvar", "dmean", "dx", "dgamma", "dbeta")
    return dict(zip(names, (dx_hat, dvar, dmean, dx, out, last), strict=True))


_slip = slips(staged)


SLIPS = (
    _slip(
        "gamma missing",
        "dx_hat is dy itself: gamma has not multiplied.",
        "y = gamma · x_hat + beta. What is the derivative of y by x_hat?",
        gamma="missing",
    ),
    _slip(
        "divided by gamma",
        "dy was divided by gamma. The gradient passes a factor by being multiplied by it.",
        "If gamma is 3, how much does y move when x_hat moves by 1?",
        gamma="divided",
    ),
    _slip(
        "root's derivative",
        "The power of (var + eps) in dvar is that of inv_std itself, not of its derivative.",
        "What is the derivative of v^(−1/2)? What is its exponent?",
        factor="power one",
    ),
    _slip(
        "power two",
        "In dvar inv_std counts one time too few. Written with the centred value, it belongs there "
        "to the third power.",
        "(var + eps)^(−3/2), written with inv_std = (var + eps)^(−1/2): to which power?",
        factor="power two",
    ),
    _slip(
        "half missing",
        "The factor ½ of the derivative of the root is missing in dvar.",
        "What is the derivative of v^(−1/2)? What stands in front?",
        half=-1,
    ),
    _slip(
        "sign of dvar",
        "dvar has the wrong sign: where the variance grows, x_hat shrinks.",
        "What is the sign of the derivative of v^(−1/2)?",
        half=0.5,
    ),
    _slip(
        "dinv_std for dvar",
        "That is the slope of the loss by inv_std. One more node lies between it and the variance.",
        "inv_std = (var + eps)^(−1/2). What is the derivative of that by var?",
        factor="dinv_std",
    ),
    _slip(
        "dvar from dy",
        "dvar was taken from dy; gamma lies between the variance and y.",
        "Which node does inv_std feed: x_hat or y?",
        var_from="dy",
    ),
    _slip(
        "average for dvar",
        "dvar was averaged over the batch. Every sample's x_hat uses the one variance, so their "
        "shares are added up.",
        "Where an arrow fans out forward, what happens backward?",
        summed=False,
    ),
    _slip(
        "x_hat for centred",
        "In dvar stands x_hat where the centred value belongs.",
        "x_hat = centred · inv_std: with inv_std as the variable, what is the other factor?",
        factor="x_hat",
    ),
    _slip(
        "dmean from dy",
        "dmean was taken from dy; gamma lies between the mean and y.",
        "Which node does the centred value feed: x_hat or y?",
        mean_from="dy",
    ),
    _slip(
        "sign of dmean",
        "dmean has the wrong sign: the mean is subtracted.",
        "If the mean grows by 1, by how much does each centred value change?",
        mean_sign=1,
    ),
    _slip(
        "dmean not scaled",
        "dmean lacks inv_std: the centred value is divided before it becomes x_hat.",
        "What is the derivative of x_hat by the centred value?",
        mean_scaled=False,
    ),
    _slip(
        "average for dmean",
        "dmean was averaged. The one mean is subtracted from every sample: their shares add up. "
        "The 1/m comes one stage later, when the mean passes it on to x.",
        "Where an arrow fans out forward, what happens backward?",
        mean_summed="mean",
    ),
    _slip(
        "dy in dx",
        "The direct term of dx has dy in it where dx_hat belongs.",
        "What does the gradient pass before it reaches x_hat?",
        direct="dy",
    ),
    _slip(
        "direct not scaled",
        "The direct term of dx lacks inv_std.",
        "What is the derivative of x_hat by the centred value?",
        direct="bare",
    ),
    _slip(
        "x_hat in dx",
        "The term of the variance in dx has x_hat where the centred value belongs.",
        "var = (1/m) Σ centred². What is its derivative by one centred value?",
        moves="x_hat",
    ),
    _slip(
        "variance path reversed",
        "The term of the variance is subtracted in dx. Its sign is in dvar already.",
        "Is the derivative of the variance by a sample above the mean positive or negative?",
        by_variance=-1,
    ),
    _slip(
        "mean path reversed",
        "The term of the mean is subtracted in dx. Its sign is in dmean already.",
        "What is the derivative of the mean by one sample?",
        by_mean=-1,
    ),
    _slip(
        "variance path missing",
        "dx has no term of the variance.",
        "If one sample moves outwards, what happens to the spread that all are divided by?",
        "M4",
        by_variance=0,
    ),
    _slip(
        "mean path missing",
        "dx has no term of the mean: its sum is not 0.",
        "If one sample rises, what happens to the mean that is subtracted from all?",
        "M4",
        by_mean=0,
    ),
    _slip(
        "direct path missing",
        "The direct way, through the centred value alone, is missing in dx.",
        "How many ways lead from x to the loss?",
        "M4",
        direct="none",
    ),
    _slip(
        "variance shared by m − 1",
        "dx takes dvar · 2 centred / (m − 1). Forward the variance was divided by m: the backward "
        "pass belongs to that forward pass.",
        "var = (1/m) Σ centred². What is its derivative by one centred value?",
        "M2",
        variance_share="m - 1",
    ),
    _slip(
        "variance not shared",
        "The 1/m is lost on the way from dvar to dx.",
        "var = (1/m) Σ centred². What is its derivative by one centred value?",
        variance_share="1",
    ),
    _slip(
        "two missing",
        "The 2 of the square is lost on the way from dvar to dx.",
        "What is the derivative of centred²?",
        two=1,
    ),
    _slip(
        "mean shared by m − 1",
        "dx takes dmean / (m − 1): a mean of m values moves by 1/m when one of them moves by 1.",
        "How many samples is the mean made of?",
        "M2",
        mean_share="m - 1",
    ),
    _slip(
        "mean not shared",
        "The 1/m is lost on the way from dmean to dx.",
        "By how much does the mean move when one of m samples moves by 1?",
        mean_share="1",
    ),
    _slip(
        "mean for dgamma",
        "dgamma was averaged over the batch; gamma is used by every sample, so their shares add "
        "up.",
        "Where an arrow fans out forward, what happens backward?",
        dgamma="mean",
    ),
    _slip(
        "centred for dgamma",
        "dgamma was made with the centred values; gamma multiplies x_hat.",
        "y = gamma · x_hat + beta. What is the derivative of y by gamma?",
        dgamma="centred",
    ),
    _slip(
        "gamma in dgamma",
        "gamma itself stands in dgamma.",
        "y = gamma · x_hat + beta. What is the derivative of y by gamma?",
        dgamma="with gamma",
    ),
    _slip(
        "mean for dbeta",
        "dbeta was averaged over the batch; beta is added to every sample, so their shares add up.",
        "Where an arrow fans out forward, what happens backward?",
        dbeta="mean",
    ),
    _slip(
        "gamma in dbeta",
        "dbeta is the sum of dx_hat; beta is added after gamma.",
        "y = gamma · x_hat + beta. What is the derivative of y by beta?",
        dbeta="gamma",
    ),
    _slip(
        "dgamma and dbeta swapped",
        "dgamma and dbeta have changed places.",
        "Which of the two parameters multiplies x_hat?",
        swapped=True,
    ),
)
