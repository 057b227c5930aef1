"""What stands where in PyTorch's own transformer layer, read off the module while it runs."""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Inside:
    """The parts of an `nn.TransformerEncoderLayer`.

    Attributes:
        calls: (name, class) of its modules in the order in which they are called, without dropouts.
        buffers: names of all its buffers; batch norm would have its running statistics there.
        keeps_input: whether it gives back its input, to the bit, if attention and feed-forward part
            give 0. It does where norms stand inside the parts; a norm on the stream changes it.
    """

    calls: tuple[tuple[str, str], ...]
    buffers: tuple[str, ...]
    keeps_input: bool

    def before(self, kind: str) -> tuple[str, ...]:
        """Return the names of the modules that are called right before one of this class."""
        kinds = [each for _, each in self.calls]
        return tuple(self.calls[k - 1][0] for k, each in enumerate(kinds) if each == kind and k)


def look_inside(norm_first: bool = False, width: int = 32) -> Inside:
    """Send numbers through a layer and note what is called; with `norm_first` it is pre-LN."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        # The activation is given as a module, so that its call is seen too.
        layer = nn.TransformerEncoderLayer(
            width,
            nhead=4,
            dim_feedforward=2 * width,
            dropout=0,
            activation=nn.ReLU(),
            batch_first=True,
            norm_first=norm_first,
        )
        calls: list[tuple[str, str]] = []
        for name, module in layer.named_children():
            if not isinstance(module, nn.Dropout):
                call = name, type(module).__name__
                module.register_forward_hook(lambda *_, call=call: calls.append(call))
        x = torch.randn(2, 8, width)
        layer(x)
        seen = tuple(calls)
        for last in (layer.self_attn.out_proj, layer.linear2):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        same = torch.equal(layer(x), x)
    return Inside(seen, tuple(name for name, _ in layer.named_buffers()), same)
