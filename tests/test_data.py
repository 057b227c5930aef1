import socket
from dataclasses import FrozenInstanceError, astuple
from http.client import IncompleteRead
from urllib.error import URLError

import numpy as np
import pytest
from sklearn import datasets

from bncourse.data import (
    DataUnavailable,
    Digits,
    load_breast_cancer,
    load_digits,
    load_mnist,
    load_wine,
)


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def rows(images):
    return [row.tobytes() for row in images]


def test_digits_have_the_promised_shapes_and_range(digits):
    assert digits.x_train.shape == (1297, 64)
    assert digits.x_test.shape == (500, 64)
    assert digits.y_train.shape == (1297,)
    assert digits.y_test.shape == (500,)
    for images, labels in ((digits.x_train, digits.y_train), (digits.x_test, digits.y_test)):
        assert images.dtype == np.float64
        assert labels.dtype == np.int64
        assert (images.min(), images.max()) == (0, 1)
        assert set(labels) == set(range(10))


def test_the_split_deals_out_every_image_once_with_its_label(digits):
    images, labels = datasets.load_digits(return_X_y=True)
    dealt = [*rows(digits.x_train), *rows(digits.x_test)]
    dealt_labels = [*digits.y_train, *digits.y_test]
    everything = zip(rows(images / 16), labels, strict=True)
    assert sorted(zip(dealt, dealt_labels, strict=True)) == sorted(everything)


def test_the_split_is_stratified_and_random(digits):
    _, labels = datasets.load_digits(return_X_y=True)
    expected = np.bincount(labels) * 500 / len(labels)
    assert np.all(np.abs(np.bincount(digits.y_test) - expected) <= 1)
    # The file's order would show: its last 500 images, or runs of one writer, are not the test set.
    assert rows(digits.x_test) != rows(datasets.load_digits().data[-500:] / 16)


def test_the_seed_decides_the_split(digits):
    again, other = load_digits(seed=0), load_digits(seed=1)
    for ours, same in zip(astuple(digits), astuple(again), strict=True):
        np.testing.assert_array_equal(ours, same)
    assert rows(digits.x_test) != rows(other.x_test)
    assert sorted(rows(digits.x_test)) != sorted(rows(other.x_test))


def test_three_pixels_never_change_as_the_docstring_says(digits):
    images = np.concatenate([digits.x_train, digits.x_test])
    assert (np.ptp(images, axis=0) == 0).sum() == 3


def test_digits_are_frozen(digits):
    with pytest.raises(FrozenInstanceError):
        digits.x_train = digits.x_test


@pytest.mark.parametrize(
    ("load", "shape", "classes"),
    [(load_wine, (178, 13), [59, 71, 48]), (load_breast_cancer, (569, 30), [212, 357])],
)
def test_tables_have_the_promised_shapes_and_classes(load, shape, classes):
    table = load()
    assert table.x.shape == shape
    assert table.x.dtype == np.float64
    assert table.y.dtype == np.int64
    assert list(np.bincount(table.y)) == classes
    assert len(set(table.names)) == shape[1]
    assert {type(name) for name in table.names} == {str}
    assert np.all(np.isfinite(table.x))
    assert np.all(np.ptp(table.x, axis=0) > 0)
    with pytest.raises(FrozenInstanceError):
        table.x = table.y


def test_table_columns_carry_their_own_names():
    wine, cancer = load_wine(), load_breast_cancer()
    proline, phenols = (
        np.median(wine.x[:, wine.names.index(name)]) for name in ("proline", "nonflavanoid_phenols")
    )
    assert 600 < proline < 800
    assert 0.2 < phenols < 0.5
    radius, area = (cancer.x[:, cancer.names.index(f"mean {name}")] for name in ("radius", "area"))
    np.testing.assert_allclose(np.median(area / radius**2), np.pi, rtol=0.05)
    # Malignant nuclei are larger: 0 is malignant.
    assert radius[cancer.y == 0].mean() > radius[cancer.y == 1].mean()


def fake_mnist(*_, **__):
    """Give 70,000 images of three pixels that spell their own row number; labels are strings."""
    number = np.arange(70_000)
    images = np.stack([number // 65_536, number // 256 % 256, number % 256], axis=1)
    return images.astype(np.float64), np.array([str(n * 7 % 10) for n in number], dtype=object)


def numbers(images):
    return np.rint(images * 255).astype(int) @ [65_536, 256, 1]


def test_mnist_draws_from_the_official_parts(monkeypatch):
    monkeypatch.setattr(datasets, "fetch_openml", fake_mnist)
    mnist = load_mnist()
    assert isinstance(mnist, Digits)
    train, test = numbers(mnist.x_train), numbers(mnist.x_test)
    assert len(set(train)) == len(train) == 10_000
    assert len(set(test)) == len(test) == 2_000
    assert train.max() < 60_000 <= test.min()
    np.testing.assert_array_equal(mnist.y_train, train * 7 % 10)
    np.testing.assert_array_equal(mnist.y_test, test * 7 % 10)
    assert mnist.y_train.dtype == np.int64
    assert set(np.bincount(mnist.y_train)) == {1_000}
    assert set(np.bincount(mnist.y_test)) == {200}

    np.testing.assert_array_equal(numbers(load_mnist().x_train), train)
    assert set(numbers(load_mnist(seed=1).x_train)) != set(train)


@pytest.mark.parametrize(
    "failure",
    [
        URLError("Name or service not known"),
        TimeoutError("timed out"),
        IncompleteRead(b""),
        PermissionError(13, "Permission denied"),
        ValueError("md5 checksum of local file does not match"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_mnist_says_what_to_do_when_it_cannot_be_had(monkeypatch, failure):
    def fail(*_, **__):
        raise failure

    monkeypatch.setattr(datasets, "fetch_openml", fail)
    with pytest.raises(DataUnavailable) as caught:
        load_mnist()
    assert caught.value.__cause__ is failure
    for part in (
        type(failure).__name__,
        "internet connection",
        "scikit_learn_data",
        "SCIKIT_LEARN_DATA",
        "load_digits()",
    ):
        assert part in str(caught.value)


@pytest.mark.filterwarnings("ignore:A network error occurred:UserWarning")
def test_mnist_offline_with_the_real_fetch_openml(monkeypatch, tmp_path):
    def no_network(*_, **__):
        raise OSError("no network in this test")

    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr("time.sleep", lambda _: None)  # between two attempts
    with pytest.raises(DataUnavailable, match="no network in this test") as caught:
        load_mnist()
    # Not the complaint about an argument that scikit-learn no longer takes.
    assert isinstance(caught.value.__cause__, URLError)
