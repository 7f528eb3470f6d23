"""Entries to write into a notebook."""

from manifests.analysis import AltText, Analysis, Answered, Asked, Conclusion, Correction, Seen
from manifests.manifest import Charge, Tried
from manifests.notebook import Notebook

SEEN = Seen(assignment="api-analysis", stem="product", sha256="ab" * 32)
CHARGE = Charge(amount=0.002, currency="USD", origin="reported", usage={"input_tokens": 7})
TRIED = (Tried(provider="openrouter", model="some/model", reason="rate_limited"),)


def record(
    notebook: Notebook,
    text: str = "A red bag.",
    *,
    task: str = "describe",
    seen: Seen = SEEN,
    **changed: object,
) -> Analysis:
    """An answer, written down."""
    fields: dict[str, object] = {
        "provider": "bundled",
        "model": "analyser",
        "tried": TRIED,
        "cached": False,
        "seconds": 0.5,
        "cost": CHARGE,
    }
    data = changed.pop("data", None)
    asked = Asked.model_validate({"task": task, "language": "en", "text": "What is it?", "images": (seen,)})
    answered = Answered.model_validate({"text": text, "data": data})
    return notebook.record("analyse", asked, answered, **(fields | changed))  # type: ignore[arg-type]


CORRECTION = Correction(
    about=1, claim="A red bag.", truth="It is a blue one.", noticed="I looked at it again."
)
ALT_TEXT = AltText(image=SEEN, purpose="informative", use="in a shop", alt="A bag", long="", about=1)
CONCLUSION = Conclusion(pictures=("comparison", "comparison-2"), chosen="comparison", reason="It is quick.")
