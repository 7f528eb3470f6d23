"""The rule `image`: the picture is there, is the one that was recorded, and shows something.

That its record says rightly how it was made, making it again shows. Where the grader cannot do that (an API,
a model that is not theirs), only a person can tell.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from grading.checks.kind import Evidence
from grading.checks.native_sizes import NATIVE_SIZES
from grading.checks.verdict import Verdict, for_a_person, ok, wrong
from grading.results import Regeneration
from grading.submission.pictures import PictureFacts, Undecodable
from grading.submission.reading import Recorded, Submission
from grading.wording import Message, message
from manifests.errors import JsonError
from manifests.manifest import ApiRequest, Request
from manifests.png import KEY
from manifests.store import stem_of
from manifests.strict_json import parse

MAX_TEXT_BYTES = 64 * 1024


def check_picture(
    submission: Submission, recorded: Recorded, regenerations: Mapping[str, Regeneration]
) -> Verdict:
    """The first thing that is wrong with a manifest's picture, or that it is in order."""
    if not submission.has_picture(recorded):
        return wrong(message("image.gone", file=recorded.image_file))
    facts = submission.look_at_image(recorded)
    if isinstance(facts, Message):
        return wrong(facts)
    problem = next(_problems(recorded, facts), None)
    if problem is not None:
        return problem
    made_again = regenerations.get(recorded.stem)
    if made_again is None:
        return ok()
    note = message("regeneration." + made_again.verdict.replace(" ", "_"), why=made_again.causes)
    return wrong(note) if made_again.verdict == "different" else ok(note)


def why_unproven(recorded: Recorded, regenerations: Mapping[str, Regeneration]) -> Message | None:
    """Why a program cannot know that a picture was made as its manifest says; None where it can."""
    manifest, made_again = recorded.manifest, regenerations.get(recorded.stem)
    if made_again is not None:
        checked = made_again.verdict != "not checkable"
        return None if checked else message("regeneration.not_checkable", why=made_again.causes)
    if isinstance(manifest.request, ApiRequest) or manifest.cost is not None:
        return message("unproven.api", file=recorded.file, model=manifest.model.id)
    if manifest.model.id not in NATIVE_SIZES:
        return message("unproven.model", file=recorded.file, model=manifest.model.id)
    return None


def check_free_picture(evidence: Evidence, recorded: Recorded) -> Verdict:
    """As `check_picture`, for a picture that was not planned: how it was made is a part of the question."""
    verdict = check_picture(evidence.submission, recorded, evidence.regenerations)
    if not verdict.passed:
        return verdict
    if evidence.submission.is_doubtful(recorded):
        return for_a_person(message("recorded.other_name", file=recorded.file))
    unproven = why_unproven(recorded, evidence.regenerations)
    return for_a_person(unproven) if unproven else verdict


def _problems(recorded: Recorded, facts: PictureFacts | Undecodable) -> Iterator[Verdict]:
    image, request = recorded.manifest.image, recorded.manifest.request
    if (
        not PurePosixPath(image.file).stem
        == recorded.stem
        == stem_of(recorded.manifest.run, recorded.manifest.attempt)
    ):
        yield wrong(message("image.other_file", file=recorded.file), recorded.stem, image.file)
    if facts.sha256 != image.sha256:
        yield wrong(message("image.hash", file=image.file), image.sha256, facts.sha256)
    if isinstance(facts, Undecodable):
        yield wrong(facts.reason)
        return
    if facts.pixels_sha256 != image.pixels_sha256:
        yield wrong(message("image.pixels", file=image.file), image.pixels_sha256, facts.pixels_sha256)
    sizes = {"recorded": (image.width, image.height)}
    if isinstance(request, Request) and recorded.manifest.service is None:  # a workflow may change the size
        sizes = {"asked": (request.width, request.height), **sizes}
    for what, size in sizes.items():
        if size != (facts.width, facts.height):
            yield wrong(message(f"image.size_{what}"), _size(*size), _size(facts.width, facts.height))
    if facts.blank:
        yield wrong(message("image.blank"))
    if isinstance(request, Request):
        yield from _text_problems(recorded, facts)


def _text_problems(recorded: Recorded, facts: PictureFacts) -> Iterator[Verdict]:
    """What the lab wrote into the PNG must be what the manifest says."""
    if KEY not in facts.text:
        return
    try:
        written = parse(facts.text[KEY].encode(), max_bytes=MAX_TEXT_BYTES)
    except (JsonError, UnicodeEncodeError):
        yield wrong(message("image.text_broken", file=recorded.manifest.image.file))
        return
    manifest = recorded.manifest
    expected = {
        "request": manifest.request.model_dump(mode="json"),
        "effective": {"steps": manifest.effective_steps},
        "model": manifest.model.model_dump(mode="json"),
        "versions": manifest.versions.model_dump(mode="json"),
    }
    found = written if isinstance(written, dict) else {}
    differ = tuple(name for name in expected if found.get(name) != expected[name])
    if differ:
        yield wrong(message("image.text_differs", file=manifest.image.file, names=differ))


def _size(width: int, height: int) -> str:
    return f"{width} x {height}"
