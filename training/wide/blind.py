"""The blind test: can one say from the pictures alone which of them was drawn with which setting?

Rule: a very small classifier sees a picture beside the baseline of the same prompt, learns from some prompts
and is asked about others. A sweep's pictures are five, each of another setting, so it gives each a name and
none twice; chance is one in five.
"""

from __future__ import annotations

from itertools import permutations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.wide.judge import Judge
from training.wide.measures import chroma, clipped, contrast, distance, edges


@torch.no_grad()
def traits(judge: Judge, baseline: Tensor, pictures: Tensor) -> Tensor:
    """What the classifier sees of each picture beside its baseline. -> (n, traits)"""
    gists = [
        torch.cat([judge.look(part)[1] for part in torch.split(each, 100)]) for each in (baseline, pictures)
    ]
    certain = [judge.answers[0](gist).softmax(1).amax(1, keepdim=True) for gist in gists]
    plain = []
    for measure in (chroma, clipped, contrast, edges):
        ours, theirs = measure(pictures)[:, None], measure(baseline)[:, None]
        plain += [(ours + 1e-3).log() - (theirs + 1e-3).log(), ours - theirs]
    for scale in (1, 2, 4):
        fine = [F.interpolate(each, scale_factor=1 / scale, mode="area") for each in (pictures, baseline)]
        plain.append(edges(fine[0] - fine[1])[:, None])
    apart = distance(pictures, baseline)[:, None]
    return torch.cat([*plain, apart, (apart + 1).log(), certain[1] - certain[0], certain[1]], 1)


def named_rightly(seen: Tensor, learnt: int) -> float:
    """The part of held-out pictures that get their right name. seen (prompts, settings, traits)

    The first `learnt` prompts are learnt from, the others are asked about.
    """
    _, settings, width = seen.shape
    mean, deviation = seen[:learnt].flatten(0, 1).mean(0), seen[:learnt].flatten(0, 1).std(0) + 1e-6
    scaled = ((seen - mean) / deviation).clamp(-5, 5)
    generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Linear(width, 32), nn.SiLU(), nn.Linear(32, settings))
    for parameter in net.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.15
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=0.3)
    names = torch.arange(settings).repeat(learnt)
    with torch.enable_grad():
        for _ in range(300):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(scaled[:learnt].flatten(0, 1)), names, label_smoothing=0.05)
            torch.autograd.backward(loss)
            optimizer.step()
    sure = net(scaled[learnt:]).log_softmax(2).detach()  # (prompts, picture, name)
    orders = torch.tensor(list(permutations(range(settings))))  # (all, settings): a name for each picture
    scores = sure[:, torch.arange(settings), orders].sum(2)  # (prompts, all)
    chosen = orders[scores.argmax(1)]
    return float((chosen == torch.arange(settings)).float().mean())
