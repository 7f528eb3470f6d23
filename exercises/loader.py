"""An assignment is a folder: `assignment.toml`, and beside it a Markdown text per exercise and language.

    <assignment>/assignment.toml
                 introduction.en.md   introduction.fr.md
                 <exercise>.en.md     <exercise>.fr.md

The folder's name is the assignment's id. Whatever is wrong in it raises ExerciseError.
"""

import math
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from exercises.assignment import Assignment
from exercises.faults import Fault, faults
from exercises.faults import Path as KeyPath
from exercises.i18n import LANGUAGES, Language
from exercises.kinds import KINDS, Exercise
from exercises.kinds.base import check_rubric, check_unique
from exercises.kinds.compare import COMPARISON_RUN
from exercises.kinds.planned import check_slug
from exercises.kinds.studio import STUDIO_RUN
from exercises.parameters import is_assignment_id
from exercises.scoring import check_late, check_scoring, dropped_points
from exercises.settings import ExerciseSettings
from exercises.toml_file import (
    ExerciseError,
    TomlFile,
    exercise_error,
    gathering,
    raise_all,
    read_text,
)
from exercises.variants import check_variants

FILE = "assignment.toml"
BUILT_IN = Path(__file__).parent
MAX_TOML_BYTES = 256 * 1024
MAX_TEXT_BYTES = 64 * 1024
MAX_EXERCISES = 50

# Ids that mean something: the assignment's own text, and tabs of the lab, some of which belong to a kind.
_RESERVED = {
    **dict.fromkeys(("introduction", "start", "gallery", "costs", "health")),
    **{kind: kind for kind, exercise in KINDS.items() if exercise.own_tab},
}
# A later kind's free run is taken only where there is such an exercise: old assignments may name a run so.
_RESERVED_RUNS = {STUDIO_RUN, COMPARISON_RUN}
_READ = (
    "title",
    "points",
    "variants",
    "receipts",
    "agents",
    "late",
    "scoring",
    "course",
)  # as they stand there
_TOP = (*_READ, "parameters", "exercises")


def assignment_ids() -> list[str]:
    """The ids of all assignments: the built-in ones and those in `GENAI_EXERCISES_DIR`, sorted.

    Raises ExerciseError where a folder there has a name that is no id, or one that is taken.
    """
    ids = {path.parent.name for path in BUILT_IN.glob(f"*/{FILE}")}
    extra = _extra_folder()
    for path in sorted(extra.glob(f"*/{FILE}")) if extra else ():
        _check_folder_name(path.parent)
        if path.parent.name in ids:
            raise exercise_error(path.parent, "other_name", id=path.parent.name)
        ids.add(path.parent.name)
    return sorted(ids)


def built_in() -> list[Assignment]:
    """The assignments that come along, by id."""
    return [load_assignment(path.parent) for path in sorted(BUILT_IN.glob(f"*/{FILE}"))]


def find_assignment(assignment_id: str) -> Assignment:
    """The assignment of that id. Raises ExerciseError where there is none, or two."""
    extra = _extra_folder()
    folders = [
        folder / assignment_id
        for folder in (BUILT_IN, extra)
        if folder and is_assignment_id(assignment_id) and (folder / assignment_id / FILE).is_file()
    ]
    if len(folders) == 2:
        raise exercise_error(folders[1], "other_name", id=assignment_id)
    if not folders:
        known = ", ".join(assignment_ids())
        raise exercise_error(extra or BUILT_IN, "assignment", id=assignment_id[:80], known=known)
    return load_assignment(folders[0])


def load_assignment(folder: Path) -> Assignment:
    """Read an assignment's folder. Raises ExerciseError: file, line, field, what was expected."""
    _check_folder_name(folder)
    file = TomlFile.read(folder / FILE, MAX_TOML_BYTES)
    errors = [file.error((name,), "unknown") for name in file.data if name not in _TOP]
    tables = file.data.get("exercises")
    if (
        not isinstance(tables, list)
        or not all(isinstance(table, dict) for table in tables)
        or not 1 <= len(tables) <= MAX_EXERCISES
    ):
        errors.append(file.error(("exercises",), "exercises", maximum=MAX_EXERCISES))
        tables = []
    exercises = []
    for index, table in enumerate(tables):
        with gathering(errors):
            exercises.append(_exercise(file, ("exercises", index), dict(table)))
    texts: dict[Language, str] = {}
    with gathering(errors):
        texts = _texts(folder, "introduction")
    document: dict[str, Any] = {
        "id": folder.name,
        "texts": texts,
        "exercises": tuple(exercises),
        "folder": folder,
        **{name: file.data[name] for name in _READ if name in file.data},
    }
    about_them = bool(errors)  # what only follows from them is not told
    with gathering(errors):
        assignment: Assignment = _validated(
            file, (), TypeAdapter(Assignment), document, without=("texts", "exercises") if about_them else ()
        )
    raise_all(errors)
    _check_whole(file, assignment)
    return _switched(assignment)


def _switched(assignment: Assignment) -> Assignment:
    """With the switch and the key of the instructor's settings."""
    if assignment.variants is None:
        return assignment
    settings = ExerciseSettings()
    changes: dict[str, object] = {"key": settings.variants_key} if settings.variants_key else {}
    if assignment.id in [name.strip() for name in settings.variants.split(",")]:
        changes["on"] = True
    return assignment.model_copy(update={"variants": assignment.variants.model_copy(update=changes)})


def _exercise(file: TomlFile, at: KeyPath, table: dict[str, Any]) -> Exercise:
    exercise_id = check_slug(file, (*at, "id"), table.get("id"))
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise file.error((*at, "kind"), "one_of", expected=", ".join(KINDS))
    if exercise_id in _RESERVED and _RESERVED[exercise_id] != kind:
        raise file.error((*at, "id"), "reserved")
    if "texts" in table:
        raise file.error((*at, "texts"), "unknown")
    KINDS[kind].plan(file, at, table)
    table["texts"] = _texts(file.path.parent, exercise_id)
    exercise: Exercise = _validated(file, at, TypeAdapter(KINDS[kind]), table)
    if exercise.words_minimum and not exercise.writes:
        raise file.error((*at, "words_minimum"), "no_words")
    if bad := [rule for rule in exercise.weights if rule not in exercise.rules]:
        raise file.error((*at, "weights", bad[0]), "one_of", expected=", ".join(exercise.rules))
    return exercise


def _validated(
    file: TomlFile,
    at: KeyPath,
    adapter: TypeAdapter[Any],
    document: dict[str, Any],
    without: tuple[str, ...] = (),
) -> Any:
    """The document as the model; what is wrong in the fields `without` is known already."""
    try:
        return adapter.validate_python(document)
    except ValidationError as error:
        found = [fault for fault in faults(error, document) if fault.path[:1] not in [(w,) for w in without]]
        raise_all([file.fault(Fault((*at, *fault.path), fault.expected)) for fault in found])
        return None


def _texts(folder: Path, name: str) -> dict[Language, str]:
    return {language: read_text(folder / f"{name}.{language}.md", MAX_TEXT_BYTES) for language in LANGUAGES}


def _check_whole(file: TomlFile, assignment: Assignment) -> None:
    """What only the assignment as a whole can say: unique ids, points that add up, runs that exist."""
    ids: set[str] = set()
    runs: set[str] = {exercise.free_run for exercise in assignment.exercises if exercise.free_run}
    for index, exercise in enumerate(assignment.exercises):
        at: KeyPath = ("exercises", index)
        check_unique(file, (*at, "id"), exercise.id, ids)
        if exercise.once:
            check_unique(file, (*at, "kind"), f"kind {exercise.kind}", ids)
        for run in exercise.recorded:
            if run in _RESERVED_RUNS:
                raise file.error((*at, "runs", run), "reserved")
            check_unique(file, (*at, "runs", run), run, runs)
    planned = {run.id: run.parameters for _, run in assignment.planned_runs()}
    for index, exercise in enumerate(assignment.exercises):
        exercise.check(file, ("exercises", index), runs)
        check_rubric(file, ("exercises", index), exercise)
        exercise.check_plan(file, ("exercises", index), planned)
    if assignment.variants is not None:
        prompts = [parameters.prompt for parameters in planned.values()]
        check_variants(file, ("variants",), assignment.variants, prompts)
    if assignment.course is not None and assignment.id in assignment.course.needs:
        raise file.error(("course", "needs"), "other_than_itself")
    if assignment.late is not None:
        check_late(file, assignment.late)
    check_scoring(file, assignment.scoring, assignment.exercises)
    total = math.fsum(exercise.points for exercise in assignment.exercises if not exercise.optional)
    total -= dropped_points(assignment.scoring, assignment.exercises)
    if not math.isclose(total, assignment.points, abs_tol=1e-6):
        raise file.error(("points",), "sum_of_points", sum=f"{total:g}", points=f"{assignment.points:g}")


def _check_folder_name(folder: Path) -> None:
    if not is_assignment_id(folder.name):
        raise exercise_error(folder, "folder_name")


def _extra_folder() -> Path | None:
    folder = ExerciseSettings().exercises_dir
    if folder is not None and not folder.is_dir():
        raise exercise_error(folder, "exercises_dir")
    return folder


__all__ = ["ExerciseError", "assignment_ids", "find_assignment", "load_assignment"]
