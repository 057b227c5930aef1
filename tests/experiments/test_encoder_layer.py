"""What stands where in PyTorch's own layer: layer norms, no running statistics, one activation."""

import torch

from bncourse.experiments.encoder_layer import look_inside


def test_a_norm_follows_each_part_or_comes_before_it():
    post, pre = look_inside(), look_inside(norm_first=True)
    parts = ["self_attn", "linear1", "activation", "linear2"]
    assert [name for name, _ in post.calls] == [parts[0], "norm1", *parts[1:], "norm2"]
    assert [name for name, _ in pre.calls] == ["norm1", parts[0], "norm2", *parts[1:]]
    assert (post.keeps_input, pre.keeps_input) == (False, True)


def test_norms_are_layer_norms_and_none_stands_at_the_activation():
    for inside in (look_inside(), look_inside(norm_first=True)):
        kinds = dict(inside.calls)
        assert kinds["norm1"] == kinds["norm2"] == "LayerNorm"
        assert inside.buffers == ()
        assert inside.before("ReLU") == ("linear1",)
        assert inside.before("BatchNorm1d") == ()
    assert look_inside().before("LayerNorm") == ("self_attn", "linear2")


def test_looking_leaves_torchs_random_numbers_alone():
    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    look_inside()
    assert torch.equal(torch.rand(3), wanted)
