"""The reference layer against torch, finite differences and numbers worked out by hand."""

import numpy as np
import pytest
import torch

from bncourse.layers.batch_norm import (
    BatchNorm,
    batchnorm_backward,
    batchnorm_backward_staged,
    batchnorm_forward,
    normalise,
    update_running,
)

SHAPES = [(2, 1), (7, 5), (5, 3, 4), (1, 3, 5), (4, 3, 5, 2)]
BACKWARDS = [batchnorm_backward, batchnorm_backward_staged]
FIVE = np.array([[1.0], [3.0], [5.0], [7.0], [9.0]])

shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
backwards = pytest.mark.parametrize("backward", BACKWARDS)


@pytest.fixture
def rng():
    return np.random.default_rng(2015)


def draw(rng, shape, dtype=np.float64):
    """x, gamma (one negative), beta and an upstream gradient, none of them trivial."""
    d = shape[1]
    x = rng.normal(3, 2, shape).astype(dtype)
    gamma = (rng.uniform(0.5, 2, d) * np.where(np.arange(d) == 0, -1, 1)).astype(dtype)
    return x, gamma, rng.normal(size=d).astype(dtype), rng.normal(size=shape).astype(dtype)


def other_axes(x):
    return tuple(axis for axis in range(x.ndim) if axis != 1)


def close(actual, expected, tolerance=1e-10):
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def torch_layer(d, **options):
    layer = torch.nn.BatchNorm2d if options.pop("images") else torch.nn.BatchNorm1d
    return layer(d, dtype=torch.float64, **options)


def pair(d, images, gamma, beta, **options):
    """Our layer and torch's, with the same parameters."""
    ours, theirs = BatchNorm(d, **options), torch_layer(d, images=images, **options)
    ours.gamma, ours.beta = gamma.copy(), beta.copy()
    with torch.no_grad():
        theirs.weight.copy_(torch.from_numpy(gamma))
        theirs.bias.copy_(torch.from_numpy(beta))
    return ours, theirs


def assert_same_step(ours, theirs, x, dy):
    """One forward and backward pass gives the same values, gradients and buffers."""
    t = torch.from_numpy(np.ascontiguousarray(x)).requires_grad_()
    theirs.zero_grad()
    expected = theirs(t)
    expected.backward(torch.from_numpy(dy))
    close(ours.forward(x), expected.detach().numpy())
    gradients = [g.numpy() for g in (t.grad, theirs.weight.grad, theirs.bias.grad)]
    for actual, gradient in zip(ours.backward(dy), gradients, strict=True):
        assert actual.shape == gradient.shape
        close(actual, gradient)
    close(ours.running_mean, theirs.running_mean.numpy())
    close(ours.running_var, theirs.running_var.numpy())
    assert ours.num_batches_tracked == theirs.num_batches_tracked.item()


# --- against torch ---------------------------------------------------------------------------


@shapes
@pytest.mark.parametrize("eps", [1e-5, 1e-2, 1.0])
def test_functions_agree_with_torch(rng, shape, eps):
    x, gamma, beta, dy = draw(rng, shape)
    tensors = [torch.from_numpy(a).requires_grad_() for a in (x, gamma, beta)]
    expected = torch.nn.functional.batch_norm(
        tensors[0], None, None, tensors[1], tensors[2], training=True, eps=eps
    )
    expected.backward(torch.from_numpy(dy))

    y, cache = batchnorm_forward(x, gamma, beta, eps)
    close(y, expected.detach().numpy())
    for backward in BACKWARDS:
        for actual, t in zip(backward(dy, cache), tensors, strict=True):
            close(actual, t.grad.numpy())


@pytest.mark.parametrize("momentum", [0.1, 0.3, 1.0, None])
@pytest.mark.parametrize("shape", [(7, 5), (5, 3, 4), (4, 3, 5, 2)], ids=str)
def test_layer_follows_torch_through_training_and_eval(rng, shape, momentum):
    _, gamma, beta, _ = draw(rng, shape)
    ours, theirs = pair(shape[1], len(shape) == 4, gamma, beta, momentum=momentum, eps=1e-3)
    for n in (7, 2, 5, 3):  # of unequal sizes: m / (m - 1) differs from batch to batch
        x, _, _, dy = draw(rng, (n, *shape[1:]))
        assert_same_step(ours, theirs, x, dy)

    ours.eval()
    theirs.eval()
    for n in (4, 1):
        x, _, _, dy = draw(rng, (n, *shape[1:]))
        assert_same_step(ours, theirs, x, dy)

    ours.train()
    theirs.train()
    x, _, _, dy = draw(rng, shape)
    assert_same_step(ours, theirs, x, dy)


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x[::2, :, ::-1],
        lambda x: x.transpose(3, 2, 1, 0),
        lambda x: np.moveaxis(x, -1, 1),  # images stored channels last
    ],
    ids=["strided", "transposed", "channels last"],
)
def test_non_contiguous_input(rng, view):
    x, dy = (view(rng.normal(3, 2, (6, 4, 5, 3))) for _ in range(2))
    assert not x.flags.c_contiguous
    _, gamma, beta, _ = draw(rng, x.shape)
    ours, theirs = pair(x.shape[1], True, gamma, beta)
    assert_same_step(ours, theirs, x, np.ascontiguousarray(dy))

    _, cache = batchnorm_forward(x, gamma, beta)
    _, compact = batchnorm_forward(np.ascontiguousarray(x), gamma, beta)
    for backward in BACKWARDS:
        for actual, expected in zip(
            backward(dy, cache), backward(np.ascontiguousarray(dy), compact), strict=True
        ):
            close(actual, expected)


# --- against finite differences --------------------------------------------------------------


@backwards
@pytest.mark.parametrize("eps", [1e-5, 1e-2])
@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (7, 4), (3, 2, 2, 3)], ids=str)
def test_gradients_agree_with_finite_differences(rng, shape, eps, backward):
    x, gamma, beta, dy = draw(rng, shape)
    gradients = backward(dy, batchnorm_forward(x, gamma, beta, eps)[1])
    arguments, h = [x, gamma, beta], 1e-5
    for position, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            loss = []
            for step in (h, -h):
                moved = [a.copy() for a in arguments]
                moved[position][index] += step
                loss.append(np.sum(dy * batchnorm_forward(*moved, eps)[0]))
            assert (loss[0] - loss[1]) / (2 * h) == pytest.approx(
                gradient[index], rel=1e-5, abs=1e-7
            )


# --- by hand: the five samples ---------------------------------------------------------------


def test_five_samples_forward():
    y, cache = batchnorm_forward(FIVE, [2.0], [1.0], eps=0)
    x_hat, inv_std, mean, var = normalise(FIVE, eps=0)
    assert (mean, var) == (5, 8)
    close(x_hat[:, 0], np.array([-2, -1, 0, 1, 2]) / np.sqrt(2), 1e-15)
    close(inv_std, [1 / np.sqrt(8)], 1e-15)
    close(y[:, 0], np.array([-2, -1, 0, 1, 2]) * np.sqrt(2) + 1, 1e-15)
    assert set(cache) == {"x_hat", "inv_std", "gamma"}
    np.testing.assert_array_equal(cache["x_hat"], x_hat)
    np.testing.assert_array_equal(cache["inv_std"], inv_std)
    np.testing.assert_array_equal(cache["gamma"], [2.0])


@backwards
def test_five_samples_backward(backward):
    _, cache = batchnorm_forward(FIVE, [1.0], [0.0], eps=0)
    dx, dgamma, dbeta = backward([[1], [0], [0], [0], [0]], cache)
    # (5 dy - 1 - x_hat * x_hat_1) / (5 sqrt 8), with x_hat_1 = -sqrt 2
    close(dx[:, 0], np.array([2, -2, -1, 0, 1]) / (5 * np.sqrt(8)), 1e-15)
    close([dgamma[0], dbeta[0]], [-np.sqrt(2), 1], 1e-15)


def test_five_samples_running_statistics():
    layer = BatchNorm(1)
    layer.forward(FIVE)
    close(layer.running_mean, [0.1 * 5], 1e-15)
    close(layer.running_var, [0.9 + 0.1 * 10], 1e-15)  # 10 = 8 * 5 / 4: the unbiased variance
    assert layer.num_batches_tracked == 1


def test_update_running_returns_a_new_array():
    running, batch = np.array([0.0, 4.0]), np.array([10.0, 8.0])
    new = update_running(running, batch, 0.25)
    np.testing.assert_array_equal(new, [2.5, 5.0])
    np.testing.assert_array_equal(running, [0.0, 4.0])
    np.testing.assert_array_equal(update_running(running, batch, 1.0), batch)
    assert update_running(batch, batch, 0.0) is not batch


# --- properties ------------------------------------------------------------------------------


@backwards
@shapes
@pytest.mark.parametrize("eps", [0.0, 1e-5, 1e-2])
def test_what_every_dx_satisfies(rng, shape, eps, backward):
    x, gamma, beta, dy = draw(rng, shape)
    _, cache = batchnorm_forward(x, gamma, beta, eps)
    dx, dgamma, _ = backward(dy, cache)
    close(dx.sum(other_axes(x)), np.zeros(shape[1]))
    # The part of dy along x_hat is cancelled but for eps / (var + eps) of it.
    expected = gamma * dgamma * eps * cache["inv_std"] ** 3
    close((dx * cache["x_hat"]).sum(other_axes(x)), expected)


@shapes
def test_the_two_backward_forms_agree(rng, shape):
    x, gamma, beta, dy = draw(rng, shape)
    gamma[-1] = 0
    _, cache = batchnorm_forward(x, gamma, beta, 1e-2)
    for closed, staged in zip(
        batchnorm_backward(dy, cache), batchnorm_backward_staged(dy, cache), strict=True
    ):
        close(closed, staged, 1e-12)


def test_constant_feature_becomes_beta():
    x = np.full((4, 2), 7.0)
    y, cache = batchnorm_forward(x, [1.0, 2.0], [0.0, 3.0])
    np.testing.assert_array_equal(y, np.tile([0.0, 3.0], (4, 1)))
    for backward in BACKWARDS:
        assert np.all(np.isfinite(backward(np.eye(4, 2), cache)[0]))


def test_images_are_treated_as_their_pixels_in_rows(rng):
    x, gamma, beta, dy = draw(rng, (4, 3, 5, 2))
    rows, dy_rows = (np.moveaxis(a, 1, -1).reshape(-1, 3) for a in (x, dy))
    y, cache = batchnorm_forward(x, gamma, beta)
    y_rows, cache_rows = batchnorm_forward(rows, gamma, beta)
    close(np.moveaxis(y, 1, -1).reshape(-1, 3), y_rows)
    dx, dx_rows = batchnorm_backward(dy, cache)[0], batchnorm_backward(dy_rows, cache_rows)[0]
    close(np.moveaxis(dx, 1, -1).reshape(-1, 3), dx_rows)


def test_eval_treats_every_sample_alone_and_changes_no_buffer(rng):
    layer = BatchNorm(3)
    layer.forward(rng.normal(2, 3, (8, 3)))
    before = layer.running_mean.copy(), layer.running_var.copy(), layer.num_batches_tracked
    x = rng.normal(size=(4, 3))
    assert layer.eval() is layer
    together = layer.forward(x)
    alone = np.concatenate([layer.forward(row[None]) for row in x])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(layer.running_mean, before[0])
    np.testing.assert_array_equal(layer.running_var, before[1])
    assert layer.num_batches_tracked == before[2]
    assert layer.train() is layer
    assert layer.training


def test_backward_belongs_to_the_mode_of_its_forward_pass(rng):
    x, _, _, dy = draw(rng, (6, 2))
    layer = BatchNorm(2)
    layer.forward(x)
    in_training = layer.backward(dy)[0]
    layer.eval()
    np.testing.assert_array_equal(layer.backward(dy)[0], in_training)
    layer.forward(x)
    layer.train()
    close(layer.backward(dy)[0], dy / np.sqrt(layer.running_var + layer.eps))


# --- precision -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(256, 8), (20_000, 2), (32, 4, 16, 16)], ids=str)
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_float32_with_an_offset_is_as_good_as_float64(rng, shape, offset):
    x, gamma, beta, dy = draw(rng, shape, np.float32)
    x += np.float32(offset)
    y, cache = batchnorm_forward(x, gamma, beta)
    exact, exact_cache = batchnorm_forward(*(a.astype(np.float64) for a in (x, gamma, beta)))
    gradients, exact_gradients = (batchnorm_backward(dy, c) for c in (cache, exact_cache))

    # float32 resolves 1.2e-7 of a value; |y| stays below 20. Sums in the backward pass are float32.
    np.testing.assert_allclose(y, exact, rtol=0, atol=5e-6)
    for actual, expected in zip(gradients, exact_gradients, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-5 * np.abs(expected).max())
    for array in (y, *cache.values(), *gradients):
        assert array.dtype == np.float32


def test_running_statistics_in_float32_survive_an_offset(rng):
    x = (rng.normal(0, 0.1, (256, 3)) + 1e4).astype(np.float32)
    layer, exact = BatchNorm(3, momentum=1.0, dtype=np.float32), BatchNorm(3, momentum=1.0)
    y, y_exact = layer.forward(x), exact.forward(x)
    np.testing.assert_allclose(y, y_exact, rtol=0, atol=5e-6)
    np.testing.assert_allclose(layer.running_mean, exact.running_mean, rtol=1e-7)
    np.testing.assert_allclose(layer.running_var, exact.running_var, rtol=1e-6)


@pytest.mark.parametrize("momentum", [0.1, None])
def test_layer_keeps_its_dtype(rng, momentum):
    layer = BatchNorm(3, momentum=momentum, dtype=np.float32)
    x = rng.normal(size=(5, 3))
    results = [layer.forward(x), *layer.backward(x)]
    results += [layer.eval().forward(x), *layer.backward(x)]
    for array in (*results, layer.running_mean, layer.running_var):
        assert array.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.float16])
def test_everything_but_float32_is_computed_in_float64(dtype):
    y, cache = batchnorm_forward(FIVE.astype(dtype), [1], [0], eps=0)
    assert y.dtype == np.float64
    close(cache["x_hat"][0], [-np.sqrt(2)], 1e-15)


def test_inputs_are_never_mutated(rng):
    arrays = draw(rng, (4, 3, 2, 2))
    for array in arrays:
        array.flags.writeable = False
    x, gamma, beta, dy = arrays
    _, cache = batchnorm_forward(x, gamma, beta)
    for array in cache.values():
        array.flags.writeable = False
    for backward in BACKWARDS:
        backward(dy, cache)

    layer = BatchNorm(3)
    for _ in range(2):
        buffers = layer.running_mean, layer.running_var
        copies = [b.copy() for b in buffers]
        layer.forward(x)
        layer.backward(dy)
        for buffer, copy in zip(buffers, copies, strict=True):
            np.testing.assert_array_equal(buffer, copy)  # replaced, not written into
        layer.eval()


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((1, 3)), np.ones(3), np.zeros(3)), "at least two.*larger batch"),
        ((np.ones((1, 3, 1, 1)), np.ones(3), np.zeros(3)), "at least two.*eval"),
        ((np.ones((0, 3)), np.ones(3), np.zeros(3)), r"0 value\(s\) per channel"),
        ((np.ones(5), np.ones(5), np.zeros(5)), r"reshape\(-1, 1\)"),
        ((np.float64(1), 1.0, 0.0), "axis 0"),
        ((np.ones((4, 3)), np.ones(4), np.zeros(3)), r"gamma has shape \(4,\).*3 channels"),
        ((np.ones((4, 3)), np.ones(3), np.zeros((1, 3))), r"beta has shape \(1, 3\).*\(3,\)"),
        ((np.ones((4, 3)), 1.0, np.zeros(3)), r"gamma has shape \(\)"),
        ((np.ones((2, 4, 5)), np.ones(5), np.zeros(5)), "4 channels on axis 1"),
        ((np.ones((4, 3)), np.ones(3), np.zeros(3), -1e-5), "eps is -1e-05.*>= 0"),
        ((np.ones((4, 3)), np.ones(3), np.zeros(3), np.nan), "eps is nan"),
    ],
)
def test_forward_says_what_to_do(arguments, message):
    with pytest.raises(ValueError, match=message):
        batchnorm_forward(*arguments)


@backwards
def test_backward_refuses_a_gradient_that_would_only_broadcast(backward):
    _, cache = batchnorm_forward(FIVE, [1.0], [0.0])
    with pytest.raises(ValueError, match=r"dy has shape \(5,\).*\(5, 1\)"):
        backward(np.ones(5), cache)


def test_layer_errors():
    layer = BatchNorm(3)
    with pytest.raises(RuntimeError, match="forward"):
        layer.backward(np.ones((4, 3)))
    with pytest.raises(ValueError, match="gamma has shape"):
        layer.forward(np.ones((4, 2)))
    with pytest.raises(ValueError, match="at least two"):
        layer.forward(np.ones((1, 3)))
    assert layer.num_batches_tracked == 0
    layer.eval().forward(np.ones((1, 3)))
    with pytest.raises(ValueError, match="dy has shape"):
        layer.backward(np.ones((2, 3)))
