"""The training loop that all stages share.

Rule: a run is a box of time. It starts from the last checkpoint if there is one, warms up, stays at its
rate, and cools down before the box ends; so any result can be used, and any run can be followed by another.
Chance belongs to the step: killed and started again, a run goes on with the next step's numbers.

Several processes (`torchrun --nproc-per-node N`) train as one: each draws its own batch, and gradients are
averaged after every step. On a busy CPU two processes of one thread are faster than one of two threads.
"""

from __future__ import annotations

import copy
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from training.loop import half_precision
from training.wide.muon import Muon

INNER = 3.0  # Muon's rate is so many times AdamW's
PAUSE = 60.0  # seconds: a step on a CPU that takes longer was stopped (kill -STOP); the rest does not count


@dataclass(frozen=True)
class Plan:
    """How long and how fast."""

    minutes: float
    batch: int  # of each process
    lr: float
    warmup: int = 100  # steps
    cooldown: float = 0.3  # the part of the box in which the rate falls to nothing
    ema: float = 0.998  # how slow the moving average is
    steps: int | None = None  # stop after so many (in all) even if time is left
    save_seconds: float = 120
    show_seconds: float = 20
    sample_seconds: float = 600


@dataclass
class Stage:
    """One thing to train. `loss` gets the model, a generator that belongs to the step, and the batch size.

    `sample` looks at the average. `inner` are the weights that Muon trains; AdamW has all others.
    """

    name: str
    model: nn.Module
    loss: Callable[[nn.Module, torch.Generator, int], Tensor]
    sample: Callable[[nn.Module, Path], None] | None = None
    inner: list[nn.Parameter] = field(default_factory=list)


def team() -> tuple[int, int]:
    """This process's number and how many there are; joins them at the first call."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return (dist.get_rank(), size) if size > 1 else (0, 1)


def average_gradients(model: nn.Module, share: Tensor, size: int) -> Tensor:
    """Make every gradient the mean over the team's, and add `share` up on the way, in one message."""
    if size == 1:
        return share
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([*(g.flatten() for g in gradients), share.to(gradients[0])])
    dist.all_reduce(flat)
    parts: tuple[Tensor, ...] = torch.split(flat, [*(g.numel() for g in gradients), len(share)])
    for gradient, part in zip(gradients, parts, strict=False):
        gradient.copy_(part.view_as(gradient) / size)
    return parts[-1]


def on(device: torch.device, generator: torch.Generator) -> torch.Generator:
    """A generator on a device, which begins as another one says."""
    return torch.Generator(device).manual_seed(int(torch.randint(2**31, (1,), generator=generator)))


def rate(plan: Plan, step: int, passed: float) -> float:
    """The learning rate of the step-th step of this box, `passed` (0 to 1) of its time being gone."""
    return plan.lr * min(1.0, (step + 1) / plan.warmup) * min(1.0, max(0.0, 1 - passed) / plan.cooldown)


def save(file: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".part{os.getpid()}")
    torch.save(state, part)
    part.replace(file)


def lighten(file: Path, out: Path) -> None:
    """A checkpoint without all that only going on exactly needs, in half precision: an eighth of the size."""
    state = torch.load(file, map_location="cpu", weights_only=True)
    weights = {
        name: value.half() if value.is_floating_point() else value for name, value in state["ema"].items()
    }
    save(out, {"ema": weights} | {name: state[name] for name in ("step", "seconds", "pictures")})


def averaged(file: Path, model: nn.Module) -> nn.Module:
    """Load the averaged weights of a checkpoint into `model`, which is for looking at, not for training."""
    model.load_state_dict(torch.load(file, map_location="cpu", weights_only=True)["ema"])
    return model.eval().requires_grad_(False)


def train(stage: Stage, plan: Plan, folder: Path, device: torch.device) -> nn.Module:
    """Train for `plan.minutes`, from the stage's checkpoint in `folder` if it has one.

    Returns the exponential moving average of the model, which is the better one.
    """
    rank, size = team()
    file = folder / f"{stage.name}.pt"
    model = stage.model.to(device).train()
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = copy.deepcopy(model).eval().requires_grad_(False)
    parameters = [p for p in model.parameters() if p.requires_grad]
    inner = {id(p) for p in stage.inner}
    outer = [p for p in parameters if id(p) not in inner]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(outer, lr=plan.lr, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    ]
    if inner:
        optimizers.append(Muon(stage.inner, lr=plan.lr))
    step, seconds, pictures = 0, 0.0, 0
    if file.exists():
        state = torch.load(file, map_location=device, weights_only=True)
        model.load_state_dict(state.get("model", state["ema"]))
        mean.load_state_dict(state["ema"])
        if "optimizers" in state:  # a light one has none
            for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(kept)
            plan = replace(plan, warmup=max(1, plan.warmup // 5))  # it knows how long its strides may be
        step, seconds, pictures = state["step"], state["seconds"], state["pictures"]
    wished = [False]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: wished.__setitem__(0, True))
    if rank == 0:
        count = sum(p.numel() for p in model.parameters()) / 1e6
        print(
            f"{stage.name}: step {step}, {size} x {plan.batch} pictures, {count:.1f} M, {device}", flush=True
        )

    spent = 0.0  # seconds of this box
    last = shown = saved = sampled = time.monotonic()
    first = shown_step = step
    total = torch.zeros((), device=device)
    over = False
    while not over:
        # 1. one step of gradient descent; the leader's clock decides for all
        now = time.monotonic()
        spent, last = spent + (min(now - last, PAUSE) if device.type == "cpu" else now - last), now
        passed = spent / (60 * plan.minutes)
        generator = torch.Generator().manual_seed(1_000_003 * step + 499_979 * rank + 17)
        with half_precision(device):
            loss = stage.loss(model, generator, plan.batch)
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        said = torch.tensor([passed if rank == 0 else 0.0, float(wished[0])])
        passed, stop = average_gradients(model, said, size).tolist()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate(plan, step - first, passed) * (INNER if isinstance(optimizer, Muon) else 1)
            optimizer.step()
        step, pictures, total = step + 1, pictures + plan.batch * size, total + loss.detach()
        over = passed >= 1 or stop > 0 or (plan.steps is not None and step >= plan.steps)

        # 2. the moving average, short at first
        follow(mean, model, min(plan.ema, (1 + step) / (10 + step)))
        if rank > 0:
            continue

        # 3. say where we are, keep what we have
        now = time.monotonic()
        if now - shown > plan.show_seconds or over:
            done, pace = step - shown_step, (step - shown_step) / max(now - shown, 1e-9)
            print(
                f"{stage.name}: step {step} loss {float(total) / done:.4f} "
                f"{pace * plan.batch * size:.1f} pictures/s, "
                f"{pictures} pictures in {(seconds + spent) / 60:.1f} min, {100 * passed:.0f} % of the box",
                flush=True,
            )
            shown, shown_step, total = now, step, torch.zeros((), device=device)
        if now - saved > plan.save_seconds or over:
            saved = now
            parts = {"model": model, "ema": mean}
            kept = {name: part.state_dict() for name, part in parts.items()}
            counts = {"step": step, "seconds": seconds + spent, "pictures": pictures}
            save(file, kept | {"optimizers": [each.state_dict() for each in optimizers]} | counts)
        if stage.sample and (now - sampled > plan.sample_seconds or over):
            with half_precision(device), torch.no_grad():
                stage.sample(mean, folder / "samples" / f"{stage.name}-{step:06d}.png")
            sampled = time.monotonic()
    if rank == 0:
        lighten(file, folder / "light" / file.name)
    if size > 1:
        dist.barrier()
    return mean


@torch.no_grad()
def follow(mean: nn.Module, model: nn.Module, decay: float) -> None:
    """Move the average a little towards the model."""
    torch._foreach_lerp_(list(mean.parameters()), list(model.parameters()), 1 - decay)
    for slow, fast in zip(mean.buffers(), model.buffers(), strict=True):
        slow.copy_(fast)
