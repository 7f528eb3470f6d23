"""The lab's schedulers by ComfyUI's names: a sampler, always with the noise schedule `normal`."""

from exercises.parameters import SchedulerName

SAMPLERS: dict[SchedulerName, str] = {
    "EulerA": "euler_ancestral",
    "Euler": "euler",
    "DDIM": "ddim",
    "DPM++ 2M": "dpmpp_2m",
    "UniPC": "uni_pc",
}
SCHEDULE = "normal"
