"""Verify a recorded image by making it again: identical, compatible, different, or not checkable.

Identical: the same pixels, whatever made them. Where pixels differ, the picture is compatible if it
is as near as rounding leaves it: on the same stack within `SAME_STACK_PSNR`, on another one (torch,
diffusers, device, number type) within `OTHER_STACK_PSNR`. Otherwise it is different, and the causes
name what changed.
"""

import hmac
import logging
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import zip_longest

from PIL import Image

from exercises.assignment import Assignment
from exercises.i18n import Language, Translator, translator
from exercises.parameters import FROM_SOURCE
from grading.results import Regeneration
from grading.submission.files import Unreadable
from grading.submission.reading import Recorded, Submission
from lab.engine.inputs import Inputs
from lab.engine.protocol import Done, Engine, Failed, Picture
from lab.models.availability import availability
from lab.models.registry import MODELS
from lab.records.compare import pixel_difference
from manifests.chain import digest
from manifests.comparing import IDENTICAL, SAME_STACK_PSNR
from manifests.errors import PictureError
from manifests.manifest import Adapter, Manifest, Request, Source
from manifests.pictures import open_picture
from manifests.png import pixels_sha256

# In dB, between a picture and the same one made elsewhere (on the same stack: `manifests.comparing`).
# Measured with `benchmarks/tolerance.py`: other threads or instruction sets leave 89 and more, bfloat16 for
# float32, which the lab never uses for `mini`, 47; of edits, guidance 7.6 for 7.5 leaves 56, 8.5 for 7.5 39,
# one step more 46, another seed 22.
OTHER_STACK_PSNR = {"mini": 50.0}
UNMEASURED_PSNR = 16.0  # the large models: the least that is reported between kinds of GPU


class _NotCheckable(Exception):
    """Carries the cause, worded."""


def verify(
    manifest: Manifest,
    image: bytes | None,
    source: bytes | None,
    engine: Engine,
    *,
    mask: bytes | None = None,
    adapters: Sequence[bytes | None] = (),
    language: Language = "en",
) -> Regeneration:
    """Make the picture of a manifest again and compare; waits for the engine.

    `image`: the recorded file's bytes, None if there is none; `source` and `mask`: those of the picture it
    began with, and of what was changed of it; `adapters`: those of what it was drawn with. Raises nothing
    for whatever a manifest says.
    """
    t = translator("lab", language)
    stem = manifest.image.file.rsplit(".", 1)[0]
    try:
        recorded = _recorded_picture(image, t)
        edits = tuple(_edits(manifest, image, recorded, source, mask, adapters, t))
        if edits:
            return Regeneration(stem=stem, verdict="different", causes=edits)
        made = _make_again(manifest, source, mask, adapters, engine, t, language)
    except _NotCheckable as cause:
        return Regeneration(stem=stem, verdict="not checkable", causes=(str(cause),))
    return _compared(manifest, recorded, made, stem, t)


def _compared(
    manifest: Manifest, recorded: Image.Image, made: Picture, stem: str, t: Translator
) -> Regeneration:
    """The verdict on a whole record and the picture made for it."""
    if made.drawn.effective_steps != manifest.effective_steps:
        cause = t("verify.steps_changed", recorded=manifest.effective_steps, made=made.drawn.effective_steps)
        return Regeneration(stem=stem, verdict="different", causes=(cause,))
    distance = pixel_difference(recorded, made.image)
    if distance is not None and distance.psnr == IDENTICAL:
        return Regeneration(stem=stem, verdict="identical")
    psnr = round(distance.psnr, 2) if distance is not None else None
    changes = tuple(_changes(manifest, made, t))
    if _other_weights(manifest, made):
        causes = (t("verify.weights_changed"), *changes)
        return Regeneration(stem=stem, verdict="different", causes=causes, psnr=psnr)
    elsewhere = OTHER_STACK_PSNR.get(made.drawn.model.id, UNMEASURED_PSNR)
    if psnr is not None and psnr >= (elsewhere if changes else SAME_STACK_PSNR):
        causes = changes or (t("verify.same_stack"),)
        return Regeneration(stem=stem, verdict="compatible", causes=causes, psnr=psnr)
    edited = digest(manifest) != manifest.digest
    causes = changes or (t("verify.manifest_changed" if edited else "verify.unexplained"),)
    return Regeneration(stem=stem, verdict="different", causes=causes, psnr=psnr)


def regenerate(
    assignment: Assignment,
    submission: Submission,
    count: int,
    engine: Engine,
    *,
    secret: bytes,
    language: Language = "en",
) -> list[Regeneration]:
    """Verify `count` of the planned pictures that count in a submission, drawn with a secret of the grader's.

    The same secret draws the same ones of the same work. A picture whose model this machine does not have
    is not drawn; each such planned picture is said to be not checkable. Raises nothing for whatever a
    submission holds.
    """
    planned = assignment.recorded_runs()
    newest = [attempts[-1] for run in planned if (attempts := submission.attempts(*run))]
    reasons = {r.stem: _why_not_here(r.manifest, language) for r in newest}
    drawable = sorted((r for r in newest if reasons[r.stem] is None), key=lambda r: _lot(r, secret))
    found = [_verified(submission, r, engine, language) for r in drawable[:count]]
    return found + [
        Regeneration(stem=stem, verdict="not checkable", causes=(why,))
        for stem, why in reasons.items()
        if why is not None and count
    ]


def _verified(submission: Submission, recorded: Recorded, engine: Engine, language: Language) -> Regeneration:
    try:
        request, image = recorded.manifest.request, _read_image(submission, recorded)
        source, mask = (_read_input(submission, kept) for kept in (request.source, request.mask))
        adapters = [_read_adapter(submission, each) for each in adapters_of(recorded.manifest)]
        return verify(
            recorded.manifest, image, source, engine, mask=mask, adapters=adapters, language=language
        )
    except Exception as error:  # one picture that nobody can make costs that one its verdict, no other
        logging.getLogger(__name__).exception("making %r again failed", recorded.stem)
        return Regeneration(stem=recorded.stem, verdict="not checkable", causes=(type(error).__name__,))


def _lot(recorded: Recorded, secret: bytes) -> bytes:
    """A place in the order that nobody without the secret can foresee."""
    return hmac.digest(secret, f"{recorded.stem} {recorded.manifest.image.sha256}".encode(), "sha256")


def _read_image(submission: Submission, recorded: Recorded) -> bytes | None:
    try:
        return submission.image(recorded)
    except Unreadable:
        return None


def _read_input(submission: Submission, kept: Source | None) -> bytes | None:
    try:
        return submission.source(kept) if kept else None
    except Unreadable:
        return None


def _read_adapter(submission: Submission, adapter: Adapter) -> bytes | None:
    try:
        return submission.adapter(adapter)
    except Unreadable:
        return None


def adapters_of(manifest: Manifest) -> tuple[Adapter, ...]:
    """What the picture was drawn with; an API's pictures have none."""
    return manifest.request.adapters if isinstance(manifest.request, Request) else ()


def _recorded_picture(image: bytes | None, t: Translator) -> Image.Image:
    if image is not None:
        try:
            return open_picture(image)
        except PictureError:
            pass
    raise _NotCheckable(t("verify.no_picture"))


def _edits(
    manifest: Manifest,
    image: bytes | None,
    recorded: Image.Image,
    source: bytes | None,
    mask: bytes | None,
    adapters: Sequence[bytes | None],
    t: Translator,
) -> Iterator[str]:
    """What on disk is no longer as the manifest says."""
    if sha256(image or b"").hexdigest() != manifest.image.sha256:
        yield t("verify.file_changed")
    if pixels_sha256(recorded) != manifest.image.pixels_sha256:
        yield t("verify.pixels_changed")
    request = manifest.request
    for name, asked, data in (("source", request.source, source), ("mask", request.mask, mask)):
        if asked is not None and data is not None and sha256(data).hexdigest() != asked.sha256:
            yield t(f"verify.{name}_changed")
    for adapter, data in zip(adapters_of(manifest), adapters, strict=False):
        if data is not None and sha256(data).hexdigest() != adapter.sha256:
            yield t("verify.adapter_changed", file=adapter.file)


def _make_again(
    manifest: Manifest,
    source: bytes | None,
    mask: bytes | None,
    adapters: Sequence[bytes | None],
    engine: Engine,
    t: Translator,
    language: Language,
) -> Picture:
    request = manifest.request
    why_not = _why_not_here(manifest, language)
    if why_not is not None or not isinstance(request, Request):
        raise _NotCheckable(why_not or "")
    if request.mode in FROM_SOURCE and source is None:
        raise _NotCheckable(t("verify.no_source"))
    if request.mode == "inpaint" and mask is None:
        raise _NotCheckable(t("verify.no_mask"))
    for adapter, data in zip_longest(request.adapters, adapters[: len(request.adapters)]):
        if data is None and adapter.scale > 0:
            raise _NotCheckable(t("verify.no_adapter", file=adapter.file))
    inputs = Inputs(source, mask, tuple(data for data in adapters if data is not None))
    for event in engine.submit(request, model=manifest.model.id, inputs=inputs).events():
        if isinstance(event, Done):
            return event.picture
        if isinstance(event, Failed):
            raise _NotCheckable(event.text(language))
    raise _NotCheckable(t("verify.stopped"))


def _why_not_here(manifest: Manifest, language: Language) -> str | None:
    """Why this machine cannot make the picture, by what its manifest says of the model; None where it can.

    What a manifest says of a cost is no reason: a student could write it there.
    """
    model, service = manifest.model.id, manifest.service
    if service is not None and model not in MODELS:
        said = {"version": service.version, "address": service.address, "model": model}
        return translator("lab", language)(f"verify.{service.name.lower()}_image", **said)
    if not isinstance(manifest.request, Request) or model not in MODELS:
        return translator("lab", language)("verify.api_image", model=model)
    here = availability(model)
    return None if here.available else here.text(language)


def _other_weights(manifest: Manifest, made: Picture) -> bool:
    recorded, here = manifest.model, made.drawn.model
    pairs = (
        (recorded.weights_sha256, here.weights_sha256),
        (recorded.controlnet_sha256, here.controlnet_sha256),
    )
    return any(one is not None and one != other for one, other in pairs)


def _changes(manifest: Manifest, made: Picture, t: Translator) -> Iterator[str]:
    """In what of all that decides over pixels the stack here differs from the recorded one."""
    pairs = (
        ("torch", manifest.versions.torch, made.drawn.versions.torch),
        ("diffusers", manifest.versions.diffusers, made.drawn.versions.diffusers),
        ("transformers", manifest.versions.transformers, made.drawn.versions.transformers),
        ("device", manifest.device, made.drawn.device),
        ("dtype", manifest.dtype, made.drawn.dtype),
        ("batch_size", manifest.batch_size, made.drawn.batch_size),
    )
    for name, recorded, here in pairs:
        if recorded != here:
            yield t("verify.value_changed", name=name, recorded=recorded, made=here)
