"""The schedulers by the names students know, made afresh for each run because they keep state.

A flow-matching model keeps the scheduler it came with; it answers to "Euler", which is what it is.
"""

from typing import Any

from exercises.parameters import SchedulerName

CLASS_NAMES: dict[SchedulerName, str] = {
    "EulerA": "EulerAncestralDiscreteScheduler",
    "Euler": "EulerDiscreteScheduler",
    "DDIM": "DDIMScheduler",
    "DPM++ 2M": "DPMSolverMultistepScheduler",
    "UniPC": "UniPCMultistepScheduler",
}


def scheduler_class_name(name: SchedulerName, own: str) -> str:
    """The diffusers class for a name, for a model that came with the scheduler class `own`."""
    return own if own.startswith("FlowMatch") else CLASS_NAMES[name]


def fresh_scheduler(name: SchedulerName, own: Any) -> Any:
    """A new scheduler of that name with the configuration of `own`, the one the model came with."""
    import diffusers

    kind = getattr(diffusers, scheduler_class_name(name, type(own).__name__))
    return kind.from_config(own.config)


def noise_scale(scheduler: Any) -> float:
    """By how much the latents that a scheduler's step gave exceed the spread the VAE is used to.

    Euler's schedulers add noise to latents that stay as they are (x + sigma * noise); all others
    shrink them as they add it, so theirs need no correction. It is 1 after the last step.
    """
    if float(getattr(scheduler, "init_noise_sigma", 1)) <= 1:  # flow matching has none
        return 1.0
    sigma = float(scheduler.sigmas[scheduler.step_index])
    return float((1 + sigma**2) ** 0.5)
