"""What the judge says of a picture just made, for its manifest: a machine's opinion, which no grade reads.

Only `mini`'s pictures are looked at: how right the judge is was measured on them, and its words are theirs.
Nothing that goes wrong in here may cost a picture: then there is no opinion, and a line in the log.
"""

import logging

from PIL import Image

from exercises.errors import UserError
from lab.judge.presence import Kind, look_for
from lab.judge.prompts import asked_for
from manifests.manifest import Adherence

JUDGE = "mini-judge"

log = logging.getLogger(__name__)


def opinion(prompt: str, model: str, picture: Image.Image) -> Adherence | None:
    """What of the prompt the judge finds; None where the prompt names nothing it knows, or it cannot look."""
    try:
        asked = asked_for(prompt) if model == "mini" else {}
        return _look(asked, picture) if asked else None
    except UserError as error:
        log.warning("No opinion on a picture: %s", error)
    except Exception:
        log.exception("No opinion on a picture")
    return None


def _look(asked: dict[Kind, str], picture: Image.Image) -> Adherence:
    from lab.judge.analyse import classify_picture, judge_sha256

    parts = look_for(asked, classify_picture(picture))
    found = sum(part.verdict == "found" for part in parts)
    return Adherence(judge=JUDGE, weights_sha256=judge_sha256(), parts=parts, found=found)
