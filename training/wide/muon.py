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
            alike: dict[tuple[int, int], list[tuple[nn.Parameter, Tensor]]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    alike[(weight.shape[0], weight[0].numel())].append((weight, weight.grad))
            for weights in alike.values():
                found = []
                for weight, gradient in weights:
                    momentum = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                    momentum.lerp_(gradient, 1 - group["momentum"])
                    found.append(torch.lerp(gradient, momentum, group["momentum"]).flatten(1))
                turned = orthogonal(torch.stack(found))
                length = 0.2 * max(turned.shape[1:]) ** 0.5
                for (weight, _), change in zip(weights, turned, strict=True):
                    weight.mul_(1 - group["lr"] * group["weight_decay"])
                    weight.add_(change.view(weight.shape).to(weight.dtype), alpha=-group["lr"] * length)


def orthogonal(matrices: Tensor) -> Tensor:
    """(b, m, n) -> the same with singular values near 1, in half precision."""
    tall = matrices.shape[1] > matrices.shape[2]
    x: Tensor = (matrices.mT if tall else matrices).bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = 3.4445 * x + (2.0315 * gram @ gram - 4.7750 * gram) @ x
    return x.mT if tall else x
