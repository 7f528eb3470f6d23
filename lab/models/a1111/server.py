"""What a server with A1111's API says of itself, remembered for a moment: checkpoints, samplers, schedules.

Rule: nothing it says is trusted: names are bounded, and a route that an implementation lacks, or an answer
of another shape, is as if it said nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeGuard

from exercises.parameters import SchedulerName
from lab.models.a1111.settings import API, A1111Settings
from lab.models.http import NoAnswer, NotJson, Refusal
from lab.models.remembered import Remembered

MOST_CHOICES = 500
LONGEST_CHOICE = 150  # characters: a model's id in a manifest has at most 200

# The lab's schedulers by the names that A1111, Forge, SD.Next and stable-diffusion.cpp have for them.
SAMPLERS: dict[SchedulerName, tuple[str, ...]] = {
    "EulerA": ("Euler a", "euler_a", "k_euler_a", "euler_ancestral"),
    "Euler": ("Euler", "k_euler"),
    "DDIM": ("DDIM", "ddim_trailing"),
    "DPM++ 2M": ("DPM++ 2M", "dpm++2m", "k_dpmpp_2m", "dpmpp_2m"),
    "UniPC": ("UniPC", "uni_pc"),
}
_ENDING = re.compile(r"\.(safetensors|ckpt|gguf|pt|pth|bin|sft)$", re.IGNORECASE)
USUAL_SCHEDULES = ("automatic", "default")  # the one that belongs to the sampler


@dataclass(frozen=True)
class Checkpoint:
    """A model as the server names it; `title` is what it is asked for by, `hash` the short one, if any."""

    name: str
    title: str
    hash: str = ""

    def is_called(self, name: str, hash_: str = "") -> bool:
        """Whether the server means this one, when it says so of a picture."""
        if self.hash and hash_:
            return self.hash == hash_
        return bool({_stem(name), name} & {self.name, self.title, _stem(self.name), _stem(self.title)})


class Server:
    """One server, and what it said of late. Any thread may ask."""

    def __init__(self, settings: A1111Settings) -> None:
        self.connection = settings.connection()
        self._known = Remembered(self._ask)

    @property
    def address(self) -> str:
        return self.connection.address

    def checkpoints(self) -> list[Checkpoint]:
        """Those it has; where it does not list them, the one that is loaded. Raises NoAnswer."""
        found = {each.name: each for each in reversed(list(_checkpoints(self._known.of("sd-models"))))}
        if not found and (loaded := self.loaded()):
            found[loaded] = Checkpoint(loaded, loaded)
        return list(reversed(found.values()))

    def loaded(self) -> str | None:
        """The checkpoint that it has in memory, as it names it. Raises NoAnswer."""
        told = self._known.of("options")
        name = told.get("sd_model_checkpoint") if isinstance(told, dict) else None
        return name if _is_name(name) else None

    def sampler(self, scheduler: SchedulerName) -> str | None:
        """Its name for a scheduler of the lab's; None where it lists others and not this. Raises NoAnswer."""
        wanted = [name.casefold() for name in SAMPLERS[scheduler]]
        listed = self.samplers()
        for name, names in listed.items():
            if any(each.casefold() in wanted for each in names):
                return name
        return None if listed else SAMPLERS[scheduler][0]

    def samplers(self) -> dict[str, list[str]]:
        """Its samplers, each with all its names; none where it does not say. Raises NoAnswer."""
        return {
            each["name"]: [each["name"], *_names(each.get("aliases"))]
            for each in _dicts(self._known.of("samplers"))
            if _is_name(each.get("name"))
        }

    def schedule(self) -> str | None:
        """Its name for the noise schedule that belongs to the sampler, where it has one. Raises NoAnswer."""
        for each in _dicts(self._known.of("schedulers")):
            name = each.get("name")
            if _is_name(name) and name.casefold() in USUAL_SCHEDULES:
                return name
        return None

    def speaks(self) -> bool:
        """Whether it answers to what an A1111's API has always had. Raises NoAnswer."""
        return isinstance(self._known.of("options"), dict) or bool(self.checkpoints())

    def forget(self) -> None:
        """Ask anew: what it had may have changed."""
        self._known.forget()

    def _ask(self, name: str) -> Any:
        """None where it has no such route."""
        try:
            return self.connection.get_json(f"{API}/{name}")
        except NotJson:
            return None
        except Refusal as refusal:
            if refusal.status in (401, 403, 404, 405, 501):
                return None
            raise NoAnswer(f"status {refusal.status}") from refusal


@lru_cache(maxsize=4)
def _server(url: str, auth: str) -> Server:
    return Server(A1111Settings())


def configured_server() -> Server | None:
    """The server of `STABLE_DIFFUSION_URL`, the same one each time; None where there is none."""
    settings = A1111Settings()
    if settings.url is None:
        return None
    return _server(settings.url.get_secret_value(), settings.auth.get_secret_value() if settings.auth else "")


def _checkpoints(told: object) -> Iterator[Checkpoint]:
    for each in _dicts(told):
        title, short_hash = each.get("title"), each.get("hash")
        name = each.get("model_name") or title
        if _is_name(name):
            yield Checkpoint(
                name,
                title if _is_name(title) else name,
                short_hash if isinstance(short_hash, str) and len(short_hash) <= 64 else "",
            )


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_CHOICE and value.isprintable()


def _stem(name: str) -> str:
    """A checkpoint's name without folder, hash and the ending of a file of weights."""
    file = name.partition(" [")[0].replace("\\", "/").rpartition("/")[2]
    return _ENDING.sub("", file)


def _names(value: object) -> list[str]:
    return [name for name in value[:MOST_CHOICES] if isinstance(name, str)] if isinstance(value, list) else []


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return (
        [each for each in value[:MOST_CHOICES] if isinstance(each, dict)] if isinstance(value, list) else []
    )
