"""What a student writes in the assignment of every kind, by the functions that the pages call."""

from pathlib import Path
from typing import Any

from crafts.catalogue import APPLICATIONS
from exercises.kinds import Iterate, Quiz
from exercises.kinds.code import BLANK
from exercises.kinds.crafted import Crafted
from exercises.loader import find_assignment
from grading.checks.quiz_questions import ask, ask_by_itself, place_asked_about, runs_asked_about
from lab.jobs.generate import PictureSaved
from lab.jobs.own_code.given import Draw
from lab.jobs.own_code.job import CodeJob
from lab.jobs.own_code.process import Bounds
from lab.records import answers as answering
from lab.records import exercise_answers
from manifests.analysis import Conclusion, Correction
from manifests.notebook import Notebook
from manifests.settings import WorkSettings
from manifests.store import Store
from tests.grading.api_good import alt_text, api_draft, file_of, seen
from tests.grading.api_good import ask as ask_model
from tests.grading.crafted import TOLD, make_piece

FRAMES = [
    {"caption": "It goes out again", "alt": "A red bag"},
    {"caption": "It comes back home", "alt": "A bag"},
]
CHANGES: dict[str, dict[str, Any]] = {
    "pattern": {}, "story": {"frames": FRAMES}, "brand": {}, "batch": {}, "drawn": {},
    "lesson": {"pictures": TOLD[:2]}
}  # fmt: skip

BLANKS = (Path(__file__).parent / "blanks.txt").read_text(encoding="utf-8")
BOUNDS = Bounds(seconds=120, memory=6 * 2**30)


WORDS = {  # the text of each exercise that wants one
    "grid": "More words and steps make a clearer bag.",
    "rounds": "It is the first, and nothing in it is blurred.",
    "taught": "After five steps nothing of my thing is there.",
    "set": "With a bias all that is grey became a mug.",
    "part": "The edge of the new part is soft and hardly seen.",
    "led": "The outlines decide the shape and words the colour.",
    "way": "The colour turns slowly and then the shape jumps.",
    "mixed": "I was surest where I was wrong about it.",
    "free": "It is whole, and its colour is what I asked for.",
}
TELLS = ("much grain", "soft edges", "odd light", "one shadow", "thin lines", "paste all over")


class Writing:
    """A student at work: what is written into answers, notebook and store, one method a kind of page."""

    def __init__(self, work: Path, assignment_id: str) -> None:
        self.assignment = find_assignment(assignment_id)
        self.work = work
        self.store = Store(work, assignment_id, WorkSettings().student)
        planned = self.assignment.planned_runs()
        self.newest = {run.id: r for _, run in planned if (r := self.store.newest(run.id))}

    def save(self, change: answering.Change) -> None:
        answering.update(self.store.folder, "en", change)

    def texts(self) -> None:
        for exercise, text in WORDS.items():
            self.save(exercise_answers.putting(exercise, "text")(text))
        self.save(exercise_answers.putting("rounds", "chosen")("round"))
        self.save(exercise_answers.putting("free", "chosen")("free_seed2"))
        for name in ("base", "more", "other"):
            self.save(answering.observed("seen", name, "differs", f"The bag of {name} has another outline."))
        self.save(answering.observed("seen", None, "steps", "More steps make cleaner outlines."))
        self.save(answering.reflection("Steps cost time; words decide what is drawn."))

    def recognised(self) -> None:
        for number, why in enumerate(TELLS):
            self.save(exercise_answers.recognised("mixed", str(number + 1), "photo", 50 + 10 * number, why))

    def iterated(self) -> None:
        assert isinstance(self.assignment.exercise("better"), Iterate)
        for score, stem in enumerate(("iteration", "iteration-2")):
            self.save(exercise_answers.step_score("better", stem, "subject", score))
            self.save(exercise_answers.step_why("better", stem, "I named its colour, which was left open."))

    def quiz(self) -> None:
        quiz = self.assignment.exercise("asked")
        assert isinstance(quiz, Quiz)
        whose = (self.store.student, self.assignment.id, quiz.id)
        manifests = {run: r.manifest for run, r in self.newest.items()}
        for question in quiz.questions:
            pictures, place = list[str](), ""
            if question.by_itself:
                place = place_asked_about(question, *whose)
                asked = ask_by_itself(question, place)
            else:
                shown = [self.newest[run] for run in runs_asked_about(question, *whose)]
                pictures = [r.stem for r in shown]
                asked = ask(question, [r.manifest for r in shown], manifests)
            assert asked is not None
            given, most = min(asked.right), len(quiz.tries)
            self.save(exercise_answers.tried(quiz.id, question.id, pictures, place, given, asked.right, most))

    def code(self) -> None:
        draws = [Draw("drawn", self.newest["first"])]
        filled = BLANKS.replace(BLANK, "2")
        job = CodeJob(self.store, "code", filled, draws, BOUNDS, self.work / "kept")
        assert [type(event) for event in job.events()][-1] is PictureSaved

    def evaluation(self) -> None:
        self.save(answering.image("base", "base"))
        self.save(answering.score("base", "use", 1))
        self.save(answering.set_reason("base", 0, "Its outline is clear."))

    def of_answers_of_models(self) -> None:
        notebook = Notebook(self.work, self.assignment.id, self.store.student)
        first = self.newest["first"]
        about = ask_model(notebook, first, "describe", "A bag in red. Edges are sharp.")
        draft = ask_model(notebook, first, "alt_text", "{}", {"short": "A bag."})
        noticed = "I looked at it enlarged, beside another one that was sharp."
        truth = "They are soft, as the picture is small."
        correction = Correction(about=about, claim="Edges are sharp.", truth=truth, noticed=noticed)
        notebook.write("correct", correction)
        notebook.write("alt", alt_text(seen(first), "informative", "A small red bag on white", "", draft))
        stems = tuple(
            self.store.save(api_draft("compare", "comparison", "a kite", provider), file_of(number)).stem
            for number, provider in enumerate(("bundled", "elsewhere"))
        )
        reason = "The first one took less time and is whole."
        notebook.write("compare", Conclusion(pictures=stems, chosen=stems[0], reason=reason))

    def pieces(self) -> None:
        of = [self.newest["base"], self.newest["other"]]
        for exercise in self.assignment.exercises:
            if isinstance(exercise, Crafted):
                most = APPLICATIONS[exercise.kind].most
                make_piece(self.store, exercise, of[:most], **CHANGES[exercise.id])
                self.save(exercise_answers.putting(exercise.id, "text")("Few colours made it clear."))


def write(work: Path, assignment_id: str) -> None:
    """All that a student writes, by the functions that the pages call."""
    writing = Writing(work, assignment_id)
    writing.texts()
    writing.recognised()
    writing.iterated()
    writing.quiz()
    writing.code()
    writing.evaluation()
    writing.of_answers_of_models()
    writing.pieces()
