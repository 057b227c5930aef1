"""The data sets of the course: digits and tables that come along, larger digits to download.

scikit-learn is imported where it is needed, so that importing this module costs nothing.
"""

from dataclasses import dataclass
from http.client import HTTPException

import numpy as np

DIGITS_TEST = 500
MNIST_TRAIN, MNIST_TEST = 10_000, 2_000
MNIST_OFFICIAL_TRAIN = 60_000  # the first rows of the 70,000; the official test images follow


class DataUnavailable(RuntimeError):
    """A data set that has to be downloaded cannot be had; the message says what to do."""


@dataclass(frozen=True)
class Digits:
    """Images of handwritten digits, one per row, split into a training and a test set.

    Attributes:
        x_train, x_test: (n, pixels) float64, row by row from the top left; 0 is paper, 1 is ink.
        y_train, y_test: (n,) int64, the digit written, 0 to 9.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class Table:
    """Measurements of N things, one thing per row and one feature per column, not split.

    Attributes:
        x: (N, D) float64, each column in a unit of its own.
        y: (N,) int64, the class of each row, from 0.
        names: the D names of the columns.
    """

    x: np.ndarray
    y: np.ndarray
    names: tuple[str, ...]


def load_digits(seed=0):
    """Return scikit-learn's digits: 1297 training and 500 test images of 8 x 8 = 64 pixels.

    Nothing is downloaded. ``seed`` decides the random split, which has the same mixture of digits
    on both sides. One test image is 0.2 points of accuracy.

    The split mixes writers: 13 people wrote these digits, and images by the same person are on
    both sides. So every accuracy is optimistic for handwriting never seen before; use them to
    compare networks with each other. Three pixels are the same in every image, so standardising
    needs a floor under the standard deviation.

    Source: the test part of "Optical Recognition of Handwritten Digits", E. Alpaydin and
    C. Kaynak, 1998, UCI Machine Learning Repository. A pixel counts ink from 0 to 16 and is
    divided by 16.
    """
    from sklearn import datasets

    images, labels = datasets.load_digits(return_X_y=True)
    train, test = _stratified(labels, DIGITS_TEST, seed)
    return _digits(images, labels, train, test, scale=16)


def load_wine():
    """Return scikit-learn's wines: 178 rows, 13 columns, 3 classes of 59, 71 and 48 rows.

    Nothing is downloaded. The rows are in the order of the classes, which are three growers in one
    region of Italy. The columns are chemical measurements: a typical ``proline`` is 700, a typical
    ``nonflavanoid_phenols`` 0.3.

    Source: "Wine", S. Aeberhard and M. Forina, 1991, UCI Machine Learning Repository.
    """
    from sklearn import datasets

    return _table(datasets.load_wine())


def load_breast_cancer():
    """Return scikit-learn's breast tumours: 569 rows, 30 columns, classes 0 malignant, 1 benign.

    Nothing is downloaded. 212 tumours are malignant and 357 benign. The columns describe the cell
    nuclei in one image: the mean, the standard error and the worst of ten measurements, among them
    the radius, the perimeter and the area, so some columns nearly repeat others.

    Source: "Breast Cancer Wisconsin (Diagnostic)", W. Wolberg, O. Mangasarian, N. Street and
    W. Street, 1993, UCI Machine Learning Repository.
    """
    from sklearn import datasets

    return _table(datasets.load_breast_cancer())


def load_mnist(seed=0):
    """Return 10,000 training and 2,000 test images of MNIST, of 28 x 28 = 784 pixels each.

    ``seed`` draws them from the 60,000 official training and the 10,000 official test images,
    with the same mixture of digits, so no writer is on both sides. A sixth of the set keeps runs
    on one core short and is 75 MB as float64 instead of 440. One test image is 0.05 points of
    accuracy.

    The first call downloads the set from openml.org into scikit-learn's data folder
    (``~/scikit_learn_data``, or the folder in the environment variable ``SCIKIT_LEARN_DATA``);
    later calls read it there. Its text format is slow to read, so keep the result.

    Source: Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits", as
    OpenML's ``mnist_784``, version 1. Pixels from 0 to 255 are divided by 255.

    Raises:
        DataUnavailable: the set is not in the folder and cannot be downloaded into it.
    """
    from sklearn import datasets

    try:
        # scikit-learn's faster parser needs pandas, which nothing else here does.
        images, labels = datasets.fetch_openml(
            "mnist_784", version=1, return_X_y=True, as_frame=False, parser="liac-arff", n_retries=1
        )
    except (OSError, HTTPException, ValueError) as error:
        raise DataUnavailable(
            f"MNIST could not be loaded ({type(error).__name__}: {error}). It is downloaded once "
            "from openml.org and kept in ~/scikit_learn_data: check the internet connection, and "
            "that this folder can be written. Without internet, copy the folder from a computer "
            "that has it; the environment variable SCIKIT_LEARN_DATA names another place for it. "
            "No lesson depends on MNIST: load_digits() downloads nothing."
        ) from error

    _, train = _stratified(labels[:MNIST_OFFICIAL_TRAIN], MNIST_TRAIN, seed)
    _, test = _stratified(labels[MNIST_OFFICIAL_TRAIN:], MNIST_TEST, seed)
    return _digits(images, labels, train, test + MNIST_OFFICIAL_TRAIN, scale=255)


def _stratified(labels, size, seed):
    """Draw ``size`` positions with the mixture of ``labels``; return (all the others, drawn)."""
    from sklearn.model_selection import train_test_split

    positions = np.arange(len(labels))
    return train_test_split(positions, test_size=size, stratify=labels, random_state=seed)


def _digits(images, labels, train, test, scale):
    labels = labels.astype(np.int64)
    return Digits(images[train] / scale, labels[train], images[test] / scale, labels[test])


def _table(bunch):
    names = tuple(str(name) for name in bunch.feature_names)
    return Table(bunch.data.astype(np.float64), bunch.target.astype(np.int64), names)
