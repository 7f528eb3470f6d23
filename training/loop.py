"""The training loop that all stages share.

Rule: the state after step n is a function of the state after step n - 1 and of n. Every random number of a
step comes from a generator seeded by n, so a run that was killed continues exactly as if it had not been.
"""

from __future__ import annotations

import copy
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.together import Team


class Interrupt:
    """Turns Ctrl+C and a polite kill into a wish that the loop looks at between two steps."""

    stop_requested = False

    def listen(self) -> None:
        """From now on, stop cleanly when asked."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._request_stop)

    def _request_stop(self, number: int, frame: object) -> None:
        self.stop_requested = True


interrupt = Interrupt()
team = Team()


@dataclass(frozen=True)
class TrainConfig:
    """How long and how fast. The rate rises for `warmup` steps, stays, and falls over the last part."""

    steps: int
    batch: int  # of each process
    lr: float
    warmup: int = 200
    cooldown: float = 0.4
    ema: float = 0.998
    weight_decay: float = 0.01
    save_seconds: float = 120
    sample_seconds: float = 900
    until: float | None = None  # a time of day, in seconds since 1970: be ready then, whatever the pace

    def rate(self, step: int) -> float:
        """Learning rate of a step. Being flat in the middle, it lets a run be continued with more steps."""
        rise = min(1.0, (step + 1) / self.warmup)
        fall = min(1.0, (self.steps - step) / (self.cooldown * self.steps))
        return self.lr * rise * fall


@dataclass
class Stage:
    """One thing to train. `loss` gets a generator that belongs to the step; `sample` draws a sheet."""

    name: str
    model: nn.Module
    loss: Callable[[nn.Module, torch.Generator, int], Tensor]  # (model, generator, batch size) -> scalar
    sample: Callable[[nn.Module, Path], None] | None = None


def device_of(name: str = "auto") -> torch.device:
    """The device to train on."""
    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)


def half_precision_pays(device: torch.device) -> bool:
    """A CPU without instructions for bfloat16 takes eight times as long with it as in float32."""
    return device.type != "cpu" or torch.cpu._is_avx512_bf16_supported()


def half_precision(device: torch.device) -> AbstractContextManager[Any]:
    """bfloat16 where it pays."""
    return torch.autocast(device.type, torch.bfloat16, enabled=half_precision_pays(device))


def save(file: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    torch.save(state, part)
    part.replace(file)


def averaged(file: Path, model: nn.Module) -> nn.Module:
    """Load the averaged weights of a checkpoint into `model`."""
    model.load_state_dict(torch.load(file, map_location="cpu", weights_only=True)["ema"])
    return model.eval().requires_grad_(False)


def train(
    stage: Stage, plan: TrainConfig, folder: Path, device: torch.device, stop_at: int | None = None
) -> nn.Module:
    """Train to the end of the plan (or to step `stop_at`), from the last checkpoint if there is one.

    Returns the exponential moving average of the model, which is the better one.
    """
    file = folder / f"{stage.name}.pt"
    model = stage.model.to(device).train()
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean: nn.Module = copy.deepcopy(model).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=plan.lr, betas=(0.9, 0.99), weight_decay=plan.weight_decay
    )
    step, seconds, pictures = 0, 0.0, 0
    if file.exists():
        state = torch.load(file, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        mean.load_state_dict(state["ema"])
        optimizer.load_state_dict(state["optimizer"])
        step, seconds, pictures = state["step"], state["seconds"], state.get("pictures", 0)
    end = min(plan.steps, stop_at or plan.steps)
    if step < end and team.leads:
        print(
            f"{stage.name}: step {step} of {plan.steps}, batch {team.size} x {plan.batch}, "
            f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters on {device}",
            flush=True,
        )

    def checkpoint() -> None:
        save(
            file,
            {
                "model": model.state_dict(),
                "ema": mean.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step,
                "seconds": seconds,
                "pictures": pictures,  # seen by all processes together: with `seconds`, what it cost
            },
        )

    last = saved = sampled = shown = time.monotonic()
    shown_step, shown_loss = step, 0.0
    while step < end:
        # 1. one step of gradient descent
        for group in optimizer.param_groups:
            group["lr"] = plan.rate(step)
        generator = torch.Generator().manual_seed(1_000_003 * step + 17 + 499_979 * team.rank)
        with half_precision(device):
            loss = stage.loss(model, generator, plan.batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        stop, steps = team.average(
            model, [float(interrupt.stop_requested), float(plan.steps if team.leads else 0)]
        )
        plan = replace(plan, steps=int(steps))
        end = min(plan.steps, stop_at or plan.steps)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        pictures += plan.batch * team.size

        if not team.leads:  # one of us keeps the average, prints and saves
            if stop:
                raise SystemExit
            continue

        # 2. the moving average, which starts short and becomes long
        decay = min(plan.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            for slow, fast in zip(mean.parameters(), model.parameters(), strict=True):
                slow.lerp_(fast, 1 - decay)
            for slow_buffer, buffer in zip(mean.buffers(), model.buffers(), strict=True):
                slow_buffer.copy_(buffer)

        # 3. say where we are, keep what we have
        now = time.monotonic()
        seconds, last = seconds + now - last, now
        shown_loss += loss.item()
        if now - shown > 20 or step == end:
            done = step - shown_step
            pace = done / (now - shown)
            if plan.until and done > 3:
                plan = replace(plan, steps=max(step + 1, step + int(pace * (plan.until - time.time()))))
            print(
                f"{stage.name}: {step}/{plan.steps} loss {shown_loss / done:.4f} lr {plan.rate(step - 1):.0e}"
                f" {pace * plan.batch * team.size:.0f} pictures/s, {seconds / 60:.1f} min, "
                f"{(plan.steps - step) / pace / 60:.1f} min left",
                flush=True,
            )
            shown, shown_step, shown_loss = now, step, 0.0
        if now - saved > plan.save_seconds or step == end or stop:
            checkpoint()
            saved = now
        if stop:
            raise SystemExit(f"{stage.name}: stopped at step {step}, start again to go on")
        if stage.sample and (now - sampled > plan.sample_seconds or step == end):
            with half_precision(device):
                stage.sample(mean, folder / "samples" / f"{stage.name}-{step:06d}.png")
            sampled = last = time.monotonic()
    team.wait()
    if not team.leads:  # the others kept no average: take the leader's
        averaged(file, mean)
    return mean
