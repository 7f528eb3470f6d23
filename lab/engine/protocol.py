"""The engine's protocol: submit a request, read a stream of events, stop when you like.

One engine runs in this process (`local.py`), another asks a class's gateway (`remote.py`), whose own may draw
on several cards and machines (`gateway/replicas.py`); all stand behind the same protocol. Events carry
everything a page or a progress bar shows; the last event of a job is always exactly one of Done, Failed,
Cancelled.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from PIL import Image

from exercises.errors import UserError
from exercises.i18n import Language, translator
from lab.engine.inputs import NOTHING, Inputs
from manifests.draft import Drawn
from manifests.manifest import Adherence, Request

Value = str | int | float | UserError  # an error stands for its own words, in either language


@dataclass(frozen=True)
class Queued:
    """Waiting; `position` 1 is next. `remaining`: an estimate, in seconds, until the picture is done."""

    position: int
    remaining: float | None = None


@dataclass(frozen=True)
class Unreachable:
    """Whoever draws does not answer just now, and is asked again."""


@dataclass(frozen=True)
class Restarted:
    """What drew it was lost: it is drawn from the beginning, elsewhere."""


@dataclass(frozen=True)
class Smaller:
    """Memory ran out: it is drawn again, in this size and so many steps."""

    width: int
    height: int
    steps: int


@dataclass(frozen=True)
class Loading:
    """The model's weights are being read."""

    model: str


@dataclass(frozen=True)
class Step:
    """Step `step` of `steps` is done; `remaining` is an estimate in seconds; a preview now and then."""

    step: int
    steps: int
    seconds: float
    remaining: float
    preview: Image.Image | None = None


@dataclass(frozen=True)
class Picture:
    """A finished image, every fact of how it was made, and pictures of the way if they were asked for.

    `judged`: whoever drew it has also looked for what was asked, and found `adherence`. `file`: the PNG of
    it, where whoever drew it has made and signed one.
    """

    image: Image.Image
    drawn: Drawn
    film: list[Image.Image] = field(default_factory=list)  # noise to image
    judged: bool = False
    adherence: Adherence | None = None
    file: bytes | None = None


@dataclass(frozen=True)
class Done:
    picture: Picture


@dataclass(frozen=True)
class Failed:
    """`code` is stable (`out_of_memory`, `missing_weights`, ...): a key of the texts' `[engine]`.

    It is put into words where it is shown, because one engine serves readers of both languages.
    """

    code: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def text(self, language: Language) -> str:
        """What happened and what to do next, for the person."""
        return translator("lab", language)(f"engine.{self.code}", **self.values)


@dataclass(frozen=True)
class Cancelled:
    """Stopped by the person; nothing is recorded."""


Event = Queued | Unreachable | Restarted | Smaller | Loading | Step | Done | Failed | Cancelled
LAST_EVENTS = (Done, Failed, Cancelled)  # a job has exactly one of them, at its end


class Job(Protocol):
    id: str

    def events(self) -> Iterator[Event]:
        """All events from the first to the last; blocks between them. Anyone may read, at any time."""

    def cancel(self) -> None:
        """Stop within one step (or before starting); may be called from any thread, more than once."""


class Engine(Protocol):
    def submit(
        self,
        request: Request,
        *,
        model: str,
        inputs: Inputs = NOTHING,
        film: int = 0,
        background: bool = False,
    ) -> Job:
        """Queue a request for a model of the registry.

        `inputs`: the files that it names. `film`: how many pictures
        of the way from noise to image to keep. `background`: one of a batch, for which nobody waits: it is
        drawn while nothing else is to be. Raises nothing for a bad request: the job fails.
        """

    def close(self) -> None:
        """Cancel what runs, release the model, end the worker."""
