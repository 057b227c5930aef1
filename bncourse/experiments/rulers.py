"""Two features on two rulers: what preparing the input does to the bowl that descent runs down.

The loss is half the mean squared error of a linear model with an intercept, so its Hessian is
H = [1 Z]^T [1 Z] / n and gradient descent has a closed form: along the eigenvector of eigenvalue
lambda the distance to the optimum is multiplied by 1 - rate * lambda in every step (LeCun, Bottou,
Orr & Müller 1998, "Efficient BackProp", section 5). Ten billion steps cost no more than ten.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PREPARATIONS = ("raw", "centred", "min-max", "standardised", "whitened")
FEATURES = ("age", "kilometres")
TINY = 1e-10  # a direction of less than this share of the largest variance is no direction at all
LONGEST = 2**62  # steps; what takes longer is never reached


def people(rho: float = 0.8, n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Invent ``n`` drivers and what the insurance of their cars costs.

    Args:
        rho: the correlation of age and kilometres in this very sample, exact but for rounding.

    Returns:
        x (n, 2): age in years, within 18 and 80, and kilometres driven, never negative.
        y (n,): yearly cost in euros above or below the mean of all n. It falls with age and rises
        with the kilometres, and the rest is noise. Its mean is 0: the intercept has nothing to
        learn but to make up for features that are not centred.

    Raises ValueError unless -1 < rho < 1 and n >= 4.
    """
    if not -1 < rho < 1:
        raise ValueError(f"a correlation lies between -1 and 1, not at {rho}")
    if n < 4:
        raise ValueError(f"two features and a noise need 4 people or more, not {n}")
    rng = np.random.default_rng(seed)
    # Beta draws have no tails, so nobody is 17 or 130; QR takes out the means and what they share.
    draws = np.column_stack([np.ones(n), rng.beta(2, 2, (n, 2)), rng.standard_normal(n)])
    base, upper = np.linalg.qr(draws)
    first, second, noise = (math.sqrt(n) * base * np.sign(np.diag(upper))).T[1:]

    age = first
    distance = rho * first + math.sqrt(1 - rho**2) * second
    cost = -80 * age + 120 * distance + 60 * noise
    age_sd = min(13.5, 31 / np.abs(age).max())
    distance_sd = min(30_000, 95_000 / np.abs(distance).max())
    return np.column_stack([49 + age_sd * age, 95_000 + distance_sd * distance]), cost


def prepare(x: np.ndarray, how: str) -> np.ndarray:
    """Return x (n, d) on other rulers, (n, d) in float64.

    "centred" takes the mean off, "min-max" maps every column to 0...1, "standardised" gives it mean
    0 and standard deviation 1 (over n), "whitened" makes the columns uncorrelated as well: ZCA of
    the standardised columns, z P^(-1/2) with their correlation matrix P (Kessy, Lewin & Strimmer
    2018), which of all whitenings stays nearest to them. A constant column becomes 0 in all but
    "raw"; whitening drops every direction in which the columns do not vary.

    Raises ValueError for a name that is not in PREPARATIONS.
    """
    if how not in PREPARATIONS:
        raise ValueError(f"no preparation {how!r}; there are {', '.join(PREPARATIONS)}")
    x = np.asarray(x, dtype=np.float64)
    if how == "raw":
        return x.copy()
    # Two passes: of large numbers the first mean is a little off, and all that follows with it.
    z = x - x.mean(axis=0)
    z -= z.mean(axis=0)
    spread = np.ptp(x, axis=0)
    varies = spread > 0
    z[:, ~varies] = 0
    if how == "centred":
        return z
    if how == "min-max":
        return (x - x.min(axis=0)) / np.where(varies, spread, 1)
    z /= np.where(varies, z.std(axis=0), 1)
    return z if how == "standardised" else _whiten(z)


def _whiten(z: np.ndarray) -> np.ndarray:
    variances, axes = np.linalg.eigh(z.T @ z / len(z))
    kept = variances > TINY * variances.max()
    return z @ (axes[:, kept] / np.sqrt(variances[kept])) @ axes[:, kept].T


@dataclass(frozen=True, eq=False)
class Bowl:
    """Half the mean squared error of a linear model, as a function of theta = (intercept, weights).

    For d features ``hessian`` is (d+1, d+1), ``eigenvalues`` (d+1,) rise, ``axes`` (d+1, d+1) has
    their eigenvectors as columns, ``optimum`` (d+1,) is the best theta (the shortest of them if
    there are many), ``floor`` the loss there. Eigenvalues that are 0 but for rounding are 0.
    """

    hessian: np.ndarray
    eigenvalues: np.ndarray
    axes: np.ndarray
    optimum: np.ndarray
    floor: float

    @property
    def condition(self) -> float:
        """The largest eigenvalue over the smallest that is not 0: descent never sees the others."""
        return float(self.eigenvalues[-1] / self.eigenvalues[self.eigenvalues > 0][0])

    @property
    def largest_rate(self) -> float:
        """The learning rate, 2 / lambda_max, from which on gradient descent no longer converges."""
        return float(2 / self.eigenvalues[-1])

    def loss(self, theta: np.ndarray) -> np.ndarray:
        """Return the loss (...) at theta (..., d+1)."""
        away = (np.asarray(theta) - self.optimum) @ self.axes
        return self.floor + (self.eigenvalues * away**2).sum(axis=-1) / 2

    def at(self, rate: float, steps: Sequence[float] | np.ndarray) -> np.ndarray:
        """Return theta after each of the numbers of ``steps`` (K,) of descent from 0, (K, d+1).

        Numbers beyond the range of floats, when the descent diverges, are inf or nan.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            return self.optimum + self._away(rate, steps) @ self.axes.T

    def descend(self, rate: float, steps: int) -> np.ndarray:
        """Return the path of gradient descent from theta = 0, (steps + 1, d+1)."""
        return self.at(rate, np.arange(steps + 1))

    def excess(self, rate: float, steps: Sequence[float] | np.ndarray) -> np.ndarray:
        """Return the loss above the floor after each of the numbers of ``steps`` (K,), (K,)."""
        with np.errstate(over="ignore", invalid="ignore"):
            return (self.eigenvalues * self._away(rate, steps) ** 2).sum(axis=-1) / 2

    def steps_to(self, share: float, rate: float) -> float:
        """Return after how many steps the excess loss is at most ``share`` of that at theta = 0.

        The answer is an int, or math.inf where it never is: when the rate is ``largest_rate`` or
        more, or when it takes more than LONGEST steps.
        """
        if not rate < self.largest_rate:
            return math.inf
        goal = share * self.excess(rate, [0])[0]

        def there(steps: int) -> bool:
            return bool(self.excess(rate, [steps])[0] <= goal)

        # Below the largest rate every step lowers the loss, so the number can be bracketed.
        if there(0):
            return 0
        low, high = 0, 1
        while not there(high):
            low, high = high, 2 * high
            if high > LONGEST:
                return math.inf
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if there(middle) else (middle, high)
        return high

    def _away(self, rate: float, steps: Sequence[float] | np.ndarray) -> np.ndarray:
        """Return the distances to the optimum along the axes, (K, d+1)."""
        if not rate > 0:
            raise ValueError(f"a learning rate is above 0, not {rate}")
        when = np.asarray(steps, dtype=np.float64)[:, None]
        product = rate * self.eigenvalues
        # 1 - 1e-20 is 1 to a float; log1p keeps what ten billion such steps do.
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            log = np.where(product < 1, np.log1p(-np.minimum(product, 1)), np.log(product - 1))
            size = np.exp(np.where(when == 0, 0, when * log))
        sign = np.where((product > 1) & (when % 2 == 1), -1.0, 1.0)
        start = -self.optimum @ self.axes
        return np.where(start == 0, 0, sign * size * start)


def bowl(z: np.ndarray, y: np.ndarray) -> Bowl:
    """Return the loss of fitting y (n,) by an intercept and z (n, d), any d.

    Raises ValueError if there are not as many targets as rows.
    """
    if len(z) != len(y):
        raise ValueError(f"{len(z)} rows of features, but {len(y)} targets")
    design = np.column_stack([np.ones(len(z)), z]) / math.sqrt(len(z))
    targets = np.asarray(y, dtype=np.float64) / math.sqrt(len(y))
    # The singular values of the data are the roots of the Hessian's eigenvalues: from the Hessian
    # itself, a condition number of 1e13 would leave hardly a correct digit of the smallest.
    left, roots, right = np.linalg.svd(design, full_matrices=len(z) < design.shape[1])
    left, axes = left[:, : len(roots)][:, ::-1], right[::-1].T
    roots = np.concatenate([np.zeros(len(right) - len(roots)), roots[::-1]])
    roots[roots < roots[-1] * max(design.shape) * np.finfo(float).eps] = 0
    seen = roots > 0
    fitted = left[:, seen[-left.shape[1] :]]
    optimum = axes[:, seen] @ (fitted.T @ targets / roots[seen])
    rest = targets - fitted @ (fitted.T @ targets)
    return Bowl(design.T @ design, roots**2, axes, optimum, float(rest @ rest) / 2)
