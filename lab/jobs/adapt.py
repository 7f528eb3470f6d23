"""Teaching a new word from photos, from upload to adapter: with a loss curve, samples, stop and going on.

Rule: what is needed to go on is on disk after a stop, and every few seconds before, so a kill loses no more
than that; whoever starts the same again (word, photos, settings, model) goes on there. Adapters are kept at
the steps asked for, each once and with its card, and never written over by others. What is on disk of a word
is written by one run at a time, and the state says itself of which.
"""

import io
import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock, Timeout
from PIL import Image

from exercises.errors import CatalogueError, MissingExtra, SystemReason
from lab.engine.denoise import versions
from lab.engine.protocol import Cancelled, Failed, Loading, Step
from lab.jobs.protocol import Stored
from lab.models.mini.vocabulary import forms, known_tokens, vocabulary
from lab.models.offered import model_entry
from lab.models.registry import ModelEntry
from manifests.adapters import FOLDER, MAX_BYTES, Card, Forgetting, Settings, cards, save
from manifests.atomic import write_atomic
from manifests.manifest import Model
from manifests.pictures import fit, open_photo
from manifests.reader import read_regular_file
from manifests.store import Store
from manifests.work_folder import make_folder

if TYPE_CHECKING:
    from lab.engine.adapting import Drawn, Teacher

log = logging.getLogger(__name__)

FEWEST_PHOTOS, MOST_PHOTOS = 5, 12
SAVE_SECONDS = 15.0
OTHERS = 20  # other things, of which the judge says whether the model can draw them still
STATE, SAMPLES = "state.safetensors", "samples"
MOST_STATE = 256 * 2**20


class AdaptError(CatalogueError):
    """What stands in the way of teaching; nothing was begun."""

    package = "lab"


@dataclass(frozen=True)
class Preparing:
    """The model draws pictures of its own, lest it forget: `done` of `parts`."""

    done: int
    parts: int


@dataclass(frozen=True)
class Taught(Step):
    """A step of teaching; `loss` is the mean of the last ones.

    `word`, `losses` (a curve) and `samples` (files, in order) are what there is of this run so far.
    """

    loss: float = 0.0
    word: str = ""
    losses: tuple[tuple[int, float], ...] = ()
    samples: tuple[Path, ...] = ()


@dataclass(frozen=True)
class AdaptersSaved(Stored):
    """The adapters are on disk, each with its card, in the order of their steps."""

    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Plan:
    """What is to be taught. `keep`: the steps after which an adapter is kept; the last one always is."""

    word: str
    photos: tuple[bytes, ...]
    model: str = "mini"
    settings: Settings = field(default_factory=Settings)
    keep: tuple[int, ...] = ()
    sample_every: int = 40

    @property
    def hashes(self) -> tuple[str, ...]:
        return tuple(sha256(photo).hexdigest() for photo in self.photos)

    @property
    def kept(self) -> tuple[int, ...]:
        """The steps after which an adapter is kept, in order."""
        last = self.settings.steps
        return tuple(sorted({*(step for step in self.keep if 0 < step < last), last}))

    def digest(self, weights: str) -> str:
        """The same for the same run on a model of the same weights (their hash), whatever it was called."""
        told = [self.word, self.hashes, self.model, weights, self.settings.model_dump(), self.kept]
        return sha256(json.dumps(told).encode()).hexdigest()

    def check(self) -> ModelEntry:
        """The model that is taught. Raises AdaptError, PictureError, UnknownModel."""
        entry = model_entry(self.model)
        if entry.family != "sd":
            raise AdaptError("adapt.model", model=entry.name)
        if find_spec("peft") is None:
            raise MissingExtra("adapt", "peft")
        check_word(self.word)
        if not FEWEST_PHOTOS <= len(set(self.hashes)) == len(self.photos) <= MOST_PHOTOS:
            raise AdaptError(
                "adapt.photos", count=len(set(self.hashes)), fewest=FEWEST_PHOTOS, most=MOST_PHOTOS
            )
        for photo in self.photos:
            open_photo(photo)
        return entry


def check_word(word: str) -> None:
    """A new word is plain, and neither known to `mini` nor part of a word that is. Raises AdaptError."""
    plain = word.isascii() and word.isalpha() and word.islower() and 3 <= len(word) <= 16
    if not plain:
        raise AdaptError("adapt.word", word=word[:40])
    known = {part for form in forms() for part in form.split(" ")}
    if known_tokens(word) or any(word in each or (len(each) > 3 and each in word) for each in known):
        raise AdaptError("adapt.word_known", word=word)


class Teaching:
    """`events()` is for one reader, and gives AdaptersSaved last, or how it ended otherwise."""

    def __init__(self, store: Store, plan: Plan) -> None:
        """Raises AdaptError, PictureError, UnknownModel for what cannot be taught."""
        self.entry = plan.check()
        self.store, self.plan = store, plan
        self.folder = store.folder / FOLDER / f".{plan.word}"
        self._stop = Flag()
        self._seconds = 0.0

    def cancel(self) -> None:
        """Stop after the step; what there is is kept, and the same started again goes on."""
        self._stop.set()

    def events(self) -> Iterator[object]:
        """Teach to the end. Raises AdaptError where the word is being taught already."""
        from lab.engine.failures import EngineFailure
        from lab.engine.pipelines import load_model

        began = time.monotonic()
        try:
            with self._alone():
                for photo in self.plan.photos:
                    self.store.add_source(photo)
                yield Loading(self.entry.id)
                yield from self._teach(load_model(self.entry), began)
        except EngineFailure as failure:
            yield failure.failed
        except OSError as error:
            log.exception("The adapter of %s could not be kept", self.plan.word)
            yield Failed("not_saved", {"reason": SystemReason(error)})

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The only one that teaches this word; the system ends that where the process is killed."""
        make_folder(self.folder.parent)
        claim = FileLock(self.folder.with_name(f"{self.folder.name}.lock"), timeout=0, thread_local=False)
        try:
            claim.acquire()
        except Timeout:
            raise AdaptError("adapt.under_way", word=self.plan.word) from None
        try:
            yield
        finally:
            claim.release()

    def _teach(self, model: object, began: float) -> Iterator[object]:
        from lab.engine.adapting import Teacher

        side = self.entry.native_size
        photos = [fit(open_photo(photo), side, side) for photo in self.plan.photos]
        teacher = Teacher(model, self.plan.word, photos, self.plan.settings)  # type: ignore[arg-type]
        drawn: Drawn | None = None
        for event in self._prior(teacher):
            if not isinstance(event, Preparing | Cancelled):
                drawn = event  # type: ignore[assignment]
                break
            yield event
            if isinstance(event, Cancelled):
                return
        assert drawn is not None  # noqa: S101 - the last thing it gives
        teacher.look()
        teacher.begin(drawn)
        self._resume(teacher)
        drawn_so_far = self._samples_before(teacher.step)
        kept: list[Card] = []
        there = self._kept_before(teacher)
        before: float | None = None
        saved = since = time.monotonic()
        first = teacher.step
        for step in self.plan.kept:
            if step <= teacher.step and step in there:
                kept.append(there[step])
                continue
            if step < teacher.step:
                continue  # it was deleted since, and cannot be had any more
            while teacher.step < step:
                if self._stop.is_set():
                    self._save(teacher)
                    yield Cancelled()
                    return
                teacher.teach()
                now = time.monotonic()
                preview: Image.Image | None = None
                if teacher.step % self.plan.sample_every == 0 or teacher.step == self.plan.settings.steps:
                    preview = self._sample(teacher)
                    drawn_so_far = tuple(samples_of(self.store.folder, self.plan.word))
                if now - saved > SAVE_SECONDS:
                    self._save(teacher)
                    saved = time.monotonic()
                left = (time.monotonic() - since) / (teacher.step - first)
                left *= self.plan.settings.steps - teacher.step
                yield Taught(
                    teacher.step,
                    self.plan.settings.steps,
                    now - began,
                    left,
                    preview,
                    loss=float(np.mean(teacher.losses[-20:])),
                    word=self.plan.word,
                    losses=curve(teacher.losses),
                    samples=drawn_so_far,
                )
            self._save(teacher)
            if self.entry.id == "mini":
                before = self._named(teacher, taught=False) if before is None else before
                forgetting = Forgetting(pictures=OTHERS, before=before, after=self._named(teacher))
            else:
                forgetting = None
            kept.append(self._keep(teacher, time.monotonic() - began, forgetting))
        yield AdaptersSaved(tuple(kept))

    def _prior(self, teacher: "Teacher") -> Iterator[object]:
        """The model's own pictures: those of last time, or drawn now, part by part."""
        from safetensors.torch import load, save

        from lab.engine.adapting import PRIOR as COUNT
        from lab.engine.adapting import PRIOR_BATCH, Drawn, prior_prompts

        key = f"{self.entry.id} {teacher.model.weights_sha256} {self.plan.settings.seed}"
        name = f".prior-{sha256(key.encode()).hexdigest()[:16]}.safetensors"
        file = self.store.folder / FOLDER / name
        try:
            latents = load(read_regular_file(file, MAX_BYTES))["latents"]
            if len(latents) == COUNT:
                yield Drawn(prior_prompts(self.plan.settings.seed), latents)
                return
        except (OSError, ValueError, KeyError, RuntimeError):
            pass  # there is none yet, or it is no good: it is drawn
        except Exception as error:  # safetensors' own errors share no class that its stubs name
            log.warning("The model's own pictures are drawn anew: %s", type(error).__name__)
        drawn: Drawn | None = None
        parts = COUNT // PRIOR_BATCH
        for part in range(parts):
            yield Preparing(part, parts)
            if self._stop.is_set():
                yield Cancelled()
                return
            drawn = teacher.draw_prior(part, drawn)
        make_folder(file.parent)
        write_atomic(file, save({"latents": drawn.latents.contiguous()}))  # type: ignore[union-attr]
        yield drawn

    def _resume(self, teacher: "Teacher") -> None:
        """Go on where the same run was stopped or killed."""
        try:
            state = read_regular_file(self.folder / STATE, MOST_STATE)
            teacher.restore(state, self.plan.digest(teacher.model.weights_sha256))
        except OSError:
            return
        except Exception as error:  # whatever is in the file: it is begun anew
            log.warning("Teaching %s begins anew: %s", self.plan.word, type(error).__name__)

    def _save(self, teacher: "Teacher") -> None:
        make_folder(self.folder)
        state = teacher.state(self.plan.digest(teacher.model.weights_sha256))
        write_atomic(self.folder / STATE, state)

    def _kept_before(self, teacher: "Teacher") -> dict[int, Card]:
        """The adapters that the same run has kept already, by their steps."""
        wanted = (self.plan.word, self.plan.hashes, self.plan.settings, self._model(teacher))
        return {
            card.steps: card
            for card in cards(self.store.folder)
            if (card.word, card.photos, card.settings, card.model) == wanted
        }

    def _model(self, teacher: "Teacher") -> Model:
        return Model(
            id=self.entry.id,
            repository=self.entry.repository,
            revision=self.entry.revision,
            weights_sha256=teacher.model.weights_sha256,
        )

    def _samples_before(self, step: int) -> tuple[Path, ...]:
        """Those of this run up to the step where it goes on; what is of another run goes."""
        there = samples_of(self.store.folder, self.plan.word)
        for path in there:
            if step_of(path) > step:
                path.unlink(missing_ok=True)
        return tuple(path for path in there if step_of(path) <= step)

    def _sample(self, teacher: "Teacher") -> Image.Image:
        """What is drawn now for fixed prompts and seeds, kept as files; the first of them."""
        prompts = (f"a {self.plan.word} on a white background", f"a {self.plan.word} on a blue background")
        pictures = tuple(teacher.sample(prompts, (42, 43)))
        make_folder(self.folder / SAMPLES)
        for number, picture in enumerate(pictures):
            data = io.BytesIO()
            picture.save(data, "PNG")
            write_atomic(self.folder / SAMPLES / f"{teacher.step:05}_{number}.png", data.getvalue())
        return pictures[0]

    def _named(self, teacher: "Teacher", *, taught: bool = True) -> float:
        """How often the judge first names what was asked for, of other things."""
        from lab.judge.analyse import probabilities

        words = vocabulary()
        rng = np.random.default_rng(2026)
        tokens = [str(token) for token in rng.choice(list(words.objects), OTHERS, replace=False)]
        found = 0
        if not taught:
            teacher.pipe.unet.disable_adapters()
        for token in tokens:
            prompt = f"a {words.names[token][0]} on a gray background"
            picture = teacher.sample([prompt], [42])[0]
            seen = probabilities(picture)[0]
            found += max(seen, key=lambda name: seen[name]) == token
        if not taught:
            teacher.pipe.unet.enable_adapters()
        return found / OTHERS

    def _keep(self, teacher: "Teacher", seconds: float, forgetting: Forgetting | None) -> Card:
        data, plan = teacher.adapter(), self.plan
        digest = sha256(data).hexdigest()
        card = Card(
            file=f"{plan.word}_{teacher.step:04}_{digest[:8]}.safetensors",
            sha256=digest,
            word=plan.word,
            model=self._model(teacher),
            settings=plan.settings,
            steps=teacher.step,
            photos=plan.hashes,
            prior=48,
            losses=curve(teacher.losses),
            seconds=round(seconds, 1),
            versions=versions(),
            time=datetime.now(UTC),
            forgetting=forgetting,
        )
        save(self.store.folder, data, card)
        return card


def curve(losses: Sequence[float], points: int = 60) -> tuple[tuple[int, float], ...]:
    """A loss curve of at most so many points: each the mean since the one before."""
    each = max(1, -(-len(losses) // points))
    parts = [losses[i : i + each] for i in range(0, len(losses), each)]
    ends = [min(len(losses), (k + 1) * each) for k in range(len(parts))]
    return tuple((end, round(float(np.mean(part)), 6)) for end, part in zip(ends, parts, strict=True))


def samples_of(folder: Path, word: str) -> list[Path]:
    """The samples that were drawn of a word below an assignment's folder, in order."""
    return sorted((folder / FOLDER / f".{word}" / SAMPLES).glob("*.png"))


def step_of(sample: Path) -> int:
    """After which step a sample was drawn, by its file's name; 0 where that says nothing."""
    number = sample.stem.partition("_")[0]
    return int(number) if number.isdecimal() and len(number) <= 9 else 0
