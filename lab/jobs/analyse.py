"""Asking a model about a picture: the question in words, the call, and the answer in the notebook.

What is sent is the same for every provider: who answers in a type is given one (`answer_type`), the
system message names task and language, and the prompt a picture was made from stands between `<prompt>`
and `</prompt>`. What comes back is written down before anybody sees it.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from pydantic import BaseModel

from exercises.errors import CatalogueError
from exercises.i18n import Language, translator
from exercises.kinds.parts import Purpose, Task
from lab.engine.protocol import Cancelled
from lab.jobs.protocol import Stored
from lab.judge.answers import AltText, Improved, Missing, Quality
from lab.providers import errors
from lab.providers.opening import AnyRouter
from lab.providers.protocol import Answer, Call, Cost, Event, Media, Message, Usage
from lab.providers.protocol import Tried as TriedBefore
from manifests.analysis import MAX_TEXT, Analysis, Answered, Asked, Seen
from manifests.manifest import Charge, Tried
from manifests.notebook import Notebook
from manifests.pictures import widely_read
from manifests.store import Record

ANSWER_TYPES: dict[Task, type[BaseModel]] = {
    "quality": Quality,
    "missing": Missing,
    "alt_text": AltText,
    "improve": Improved,
}
LONGEST_ANSWER = 1000  # tokens
QUESTION_LENGTH = 1000  # characters
MOST_TURNS = 4  # questions and answers before this one that are sent along


class AnalysisError(CatalogueError):
    """Why there is nothing to ask."""

    package = "lab"


@dataclass(frozen=True)
class ModelSelection:
    """Which provider and model are to be asked; None: the first that answers, in the configured order."""

    provider: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class Question:
    """One thing to ask about one picture. `words` are the student's own, for a free question.

    `purpose` and `use` go along with the task `alt_text`, `goal` with `improve`: the prompt that says what
    is wanted, while the picture was made from another. `follows`: the analysis it goes on from.
    """

    task: Task
    language: Language
    picture: Record
    words: str = ""
    purpose: Purpose | None = None
    use: str = ""
    goal: str = ""
    follows: Analysis | None = None

    def text(self) -> str:
        """What is asked, in the student's language."""
        t = translator("lab", self.language)
        if self.task == "question":
            return self.words.strip()[:QUESTION_LENGTH]
        text = t(f"ask.{self.task}")
        if self.task in ("missing", "quality"):
            text += f"\n<prompt>{self.picture.manifest.request.prompt}</prompt>"
        if self.task == "improve":
            text += f"\n<prompt>{self.goal}</prompt>"
            text += "\n" + t("ask.made_from", prompt=self.picture.manifest.request.prompt)
        if self.task == "alt_text" and self.purpose:
            use = self.use.strip()[:QUESTION_LENGTH]
            text += "\n" + t(f"ask.purpose_{self.purpose}") + (f"\n{t('ask.use', use=use)}" if use else "")
        return text


@dataclass(frozen=True)
class AnswerSaved(Stored):
    """The answer stands in the notebook."""

    analysis: Analysis


@dataclass
class QuestionJob:
    """A question on its way to the notebook; `events()` is for one reader, and last gives AnswerSaved."""

    notebook: Notebook
    router: AnyRouter
    exercise: str
    question: Question
    selection: ModelSelection = ModelSelection()
    _stop: threading.Event = field(default_factory=threading.Event)

    def events(self) -> Iterator[Event | AnswerSaved | Cancelled]:
        """Raises UserError where there is no answer, or it cannot be written down."""
        seen, call = self._call()
        try:
            for event in self.router.stream(call, self._stop):
                yield self._save(event, seen) if isinstance(event, Answer) else event
        except errors.Cancelled:
            yield Cancelled()

    def cancel(self) -> None:
        """Stop within a moment; what was sent may have cost something, and the ledger says so."""
        self._stop.set()

    def _call(self) -> tuple[Seen, Call]:
        question = self.question
        text = question.text()
        if not text:
            raise AnalysisError("analyse.no_question")
        seen, media = show(question.picture)
        t = translator("lab", question.language)
        system = f"{t('ask.system')}\ntask: {question.task}\nlanguage: {question.language}"
        if question.task == "question":  # the student's own words, which are no task
            system = f"{t('ask.system')}\nlanguage: {question.language}"
        before = self._before(question.follows, seen, media)
        last = Message("user", text, () if before else (media,))
        return seen, Call(
            "vision",
            messages=(Message("system", system), *before, last),
            max_output_tokens=LONGEST_ANSWER,
            answer_type=ANSWER_TYPES.get(question.task),
            model=self.selection.model,
            provider=self.selection.provider,
        )

    def _before(self, follows: Analysis | None, seen: Seen, media: Media) -> list[Message]:
        """The conversation so far about the same file, the picture with its first question."""
        turns: list[Analysis] = []
        while follows is not None and len(turns) < MOST_TURNS and seen in follows.asked.images:
            turns.insert(0, follows)
            follows = self.notebook.find(follows.asked.follows)
        messages = []
        for number, turn in enumerate(turns):
            messages.append(Message("user", turn.asked.text, () if number else (media,)))
            messages.append(Message("assistant", turn.answered.text))
        return messages

    def _save(self, answer: Answer, seen: Seen) -> AnswerSaved:
        question = self.question
        follows = question.follows.sequence if question.follows else None
        analysis = self.notebook.record(
            self.exercise,
            Asked(
                task=question.task,
                language=question.language,
                text=clean(question.text()),
                images=(seen,),
                follows=follows,
            ),
            Answered(
                text=clean(answer.text),
                data=answer.data.model_dump(mode="json") if answer.data else None,
                finish=answer.finish,
            ),
            provider=answer.provider,
            model=answer.model,
            tried=tried(answer.tried),
            cached=answer.cached,
            seconds=answer.seconds,
            cost=charge(answer.cost, answer.usage),
        )
        return AnswerSaved(analysis, alerts=answer.alerts)


def show(record: Record) -> tuple[Seen, Media]:
    """A picture's file as it is now, and what is written down of it. Raises AnalysisError, OSError."""
    data = record.image_path.read_bytes()
    manifest = record.manifest
    digest = sha256(data).hexdigest()
    if digest != manifest.image.sha256:
        raise AnalysisError("analyse.changed", file=manifest.image.file)
    seen = Seen(assignment=manifest.assignment, stem=record.stem, sha256=digest)
    return seen, Media(*widely_read(data))


def charge(cost: Cost, usage: Usage) -> Charge:
    """Cost and usage as they are recorded."""
    counts = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "images": usage.images,
    }
    known = {name: count for name, count in counts.items() if count is not None}
    return Charge(amount=cost.amount, currency=cost.currency, origin=cost.origin, usage=known)


def tried(before: tuple[TriedBefore, ...]) -> tuple[Tried, ...]:
    """Who was asked before, as it is recorded; a call that reached nobody has a dash."""
    return tuple(
        Tried(provider=each.provider or "-", model=each.model[:200], reason=each.reason)
        for each in before[:100]
    )


def clean(text: str) -> str:
    """A model's words as they can be written down: bounded, and without halves of characters."""
    return text[:MAX_TEXT].encode("utf-8", "replace").decode()
