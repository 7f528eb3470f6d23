"""The kinds of exercise, one module each: its fields, and its own rules for what an author may write.

`grading.checks` and `lab.ui.tabs` have a module of the same name for each, and a table like this one.
"""

from typing import Annotated

from pydantic import Field

from exercises.kinds.adapt import Adapt
from exercises.kinds.alt_text import AltTexts
from exercises.kinds.analyse import Analyse
from exercises.kinds.base import ExerciseBase
from exercises.kinds.between import BetweenTwo
from exercises.kinds.brandkit import Brandkit
from exercises.kinds.code import Code
from exercises.kinds.compare import Compare
from exercises.kinds.correct import Correct
from exercises.kinds.course import Course
from exercises.kinds.crossstitch import CrossStitch
from exercises.kinds.dataset import Dataset
from exercises.kinds.diagrams import Diagrams
from exercises.kinds.evaluation import Evaluation
from exercises.kinds.generate import Generate
from exercises.kinds.grid import Grid
from exercises.kinds.hand_in import HandIn
from exercises.kinds.img2img import ImageToImage
from exercises.kinds.inpaint import Inpaint
from exercises.kinds.iterate import Iterate
from exercises.kinds.observe import Observe
from exercises.kinds.operations import Operations
from exercises.kinds.outlines import Outlines
from exercises.kinds.own import Own
from exercises.kinds.pipeline import Pipeline
from exercises.kinds.quiz import Quiz
from exercises.kinds.recognise import Recognise
from exercises.kinds.reflection import Reflection
from exercises.kinds.storyboard import Storyboard
from exercises.kinds.studio import Studio
from exercises.kinds.sweep import Sweep

KINDS: dict[str, type[ExerciseBase]] = {
    "generate": Generate,
    "sweep": Sweep,
    "grid": Grid,
    "img2img": ImageToImage,
    "inpaint": Inpaint,
    "outlines": Outlines,
    "between": BetweenTwo,
    "own": Own,
    "iterate": Iterate,
    "pipeline": Pipeline,
    "adapt": Adapt,
    "dataset": Dataset,
    "quiz": Quiz,
    "observe": Observe,
    "recognise": Recognise,
    "code": Code,
    "studio": Studio,
    "evaluation": Evaluation,
    "reflection": Reflection,
    "analyse": Analyse,
    "correct": Correct,
    "alt_text": AltTexts,
    "compare": Compare,
    "crossstitch": CrossStitch,
    "storyboard": Storyboard,
    "brandkit": Brandkit,
    "operations": Operations,
    "diagrams": Diagrams,
    "course": Course,
    "hand_in": HandIn,
}

Exercise = Annotated[
    Generate
    | Sweep
    | Grid
    | ImageToImage
    | Inpaint
    | Outlines
    | BetweenTwo
    | Own
    | Iterate
    | Pipeline
    | Adapt
    | Dataset
    | Quiz
    | Observe
    | Recognise
    | Studio
    | Evaluation
    | Reflection
    | Analyse
    | Correct
    | AltTexts
    | Compare
    | CrossStitch
    | Storyboard
    | Brandkit
    | Operations
    | Diagrams
    | Course
    | Code
    | HandIn,
    Field(discriminator="kind"),
]
