"""How a picture was asked for and how it was made, as the pages show it: the prompt, then a table."""

from collections.abc import Sequence

from markupsafe import Markup

from exercises.i18n import Translator, number
from exercises.parameters import Parameters
from lab.ui.html import adherence as adherence_words
from lab.ui.html import charges as api_words
from lab.ui.html import markup
from manifests.manifest import ApiRequest, Manifest, Request


def value_text(t: Translator, value: object) -> str:
    """A parameter's value as people write it: the page's decimal sign, no quotes."""
    return number(value, t.language) if isinstance(value, int | float) else str(value)


def with_value(t: Translator, name: str, value: object) -> str:
    """A parameter with its value, as one says it: “15 steps”, “seed 7”."""
    return t(f"with_value.{name}", value=value_text(t, value))


def plan(t: Translator, parameters: Parameters) -> Markup:
    """What a run asks for."""
    rows = [(t(f"parameter.{name}"), value) for name, value in _asked(t, parameters).items()]
    return _prompts(t, parameters) + markup.table([t("facts.parameter"), t("facts.value")], rows)


def made(t: Translator, manifest: Manifest) -> Markup:
    """What was asked and done, by which model on which device, how long it took; then the judge's opinion."""
    if isinstance(manifest.request, ApiRequest):
        return _made_by_api(t, manifest, manifest.request)
    request, model = manifest.request, manifest.model
    done = _asked(t, request) | {
        "size": _size(manifest.image.width, manifest.image.height),
        "steps": str(manifest.effective_steps),
    }
    if request.guidance_scale <= 1:
        done["guidance_scale"] = t("facts.no_guidance")
    rows: list[Sequence[object]] = [
        (t(f"parameter.{name}"), value, done[name]) for name, value in _asked(t, request).items()
    ]
    rows += [
        (t("facts.model"), "", f"{model.id} ({model.revision[:12]})"),
        (t("facts.device"), "", f"{manifest.device}, {manifest.dtype}"),
        (t("facts.time"), "", _time(t, manifest)),
        (t("facts.file"), "", manifest.image.file),
    ]
    header = [t("facts.parameter"), t("facts.asked"), t("facts.done")]
    opinion = adherence_words.table(t, manifest.adherence) if manifest.adherence else ""
    return _prompts(t, request) + markup.table(header, rows) + opinion


def _time(t: Translator, manifest: Manifest) -> str:
    """How long the drawing took; and, apart, for how long the model was loaded and warmed up before."""
    drawing = t("facts.seconds", seconds=number(round(manifest.seconds, 2), t.language))
    if manifest.loading_seconds is None:
        return drawing
    return t("facts.loaded", drawing=drawing, loading=number(round(manifest.loading_seconds, 1), t.language))


def _made_by_api(t: Translator, manifest: Manifest, request: ApiRequest) -> Markup:
    """What is known of a picture that was made elsewhere: who, how long, and at what cost."""
    image = manifest.image
    rows: list[Sequence[object]] = [
        (t("parameter.size"), _size(image.width, image.height)),
        (t("parameter.seed"), t("facts.providers_own") if request.seed is None else str(request.seed)),
        (t("facts.model"), manifest.model.id),
        (t("facts.provider"), manifest.model.repository),
        *([(t("facts.tried"), api_words.tried(t, request.tried))] if request.tried else ()),
        (t("facts.time"), t("facts.seconds", seconds=number(round(manifest.seconds, 2), t.language))),
        (t("facts.cost"), api_words.cost(t, manifest.cost, cached=request.cached)),
        (t("facts.file"), image.file),
    ]
    return _prompts(t, request) + markup.table([t("facts.parameter"), t("facts.value")], rows)


def alt_text(t: Translator, manifest: Manifest) -> str:
    """What the picture should show, first, and by which run it was made."""
    return t("facts.alt", prompt=manifest.request.prompt[:300], run=manifest.run)


def _prompts(t: Translator, parameters: Parameters | Request | ApiRequest) -> Markup:
    negative = getattr(parameters, "negative_prompt", "")
    texts = [("prompt", parameters.prompt), ("negative_prompt", negative)]
    return Markup("").join(
        Markup('<p class="prompt"><strong>{}</strong> {}</p>').format(t(f"parameter.{name}"), text)
        for name, text in texts
        if text
    )


def _asked(t: Translator, parameters: Parameters | Request) -> dict[str, str]:
    """The parameters besides the prompts, by name; strength only where there is one."""
    named = next((side for side in (parameters.width, parameters.height) if isinstance(side, str)), None)
    values = {
        "size": t(f"facts.{named}") if named else _size(parameters.width, parameters.height),
        "steps": str(parameters.steps),
        "guidance_scale": number(parameters.guidance_scale, t.language),
        "scheduler": parameters.scheduler,
        "seed": str(parameters.seed),
    }
    if parameters.strength is not None:
        values["strength"] = number(parameters.strength, t.language)
    return values


def _size(width: object, height: object) -> str:
    return f"{width}\u00a0×\u00a0{height}"
