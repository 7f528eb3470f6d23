"""Muon: gradient descent whose every step turns all directions of a weight matrix equally far.

Rule: the momentum of each weight of the UNet's inside is made (nearly) orthogonal before it is applied, with
five Newton-Schulz iterations (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"),
and scaled so that it moves numbers about as far as AdamW would (arXiv:2502.16982). Convolutions count as
matrices of (channels out, all that comes in). Embeddings, norms and the first and last layer stay with AdamW.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from training.loop import half_precision_pays


class Muon(torch.optim.Optimizer):
    """For weights of two and more dimensions."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Weights of one shape go together: few large products are faster than many small ones."""
        for group in self.param_groups:
            alike: dict[tuple[int, int], list[Tensor]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    alike[(weight.shape[0], weight[0].numel())].append(weight)
            for weights in alike.values():
                gradients = [weight.grad for weight in weights if weight.grad is not None]
                kept = [self.state[w].setdefault("momentum", torch.zeros_like(w)) for w in weights]
                torch._foreach_lerp_(kept, gradients, 1 - group["momentum"])
                ahead = torch._foreach_lerp(gradients, kept, group["momentum"])
                turned = orthogonal(torch.stack([each.flatten(1) for each in ahead])).float()
                length = 0.2 * max(turned.shape[1:]) ** 0.5
                torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
                moves = [move.view_as(weight) for move, weight in zip(turned, weights, strict=True)]
                torch._foreach_add_(weights, moves, alpha=-group["lr"] * length)


def orthogonal(matrices: Tensor) -> Tensor:
    """(b, m, n) -> the same with singular values near 1, in half precision where that is the faster."""
    tall = matrices.shape[1] > matrices.shape[2]
    x: Tensor = matrices.mT if tall else matrices
    if half_precision_pays(matrices.device):
        x = x.bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return x.mT if tall else x
