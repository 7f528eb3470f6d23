"""What receipts say of a submission's pictures: findings for the grader, which change no points.

A receipt is believed when a known key signed it; then it has to be of this picture, of what was asked, and
of this student. Receipts of one student are numbered: a number that is missing stands for a picture that was
made and is not here, which may have been deleted honestly.
"""

from collections import Counter

from grading.submission.reading import Recorded, Submission
from grading.wording import Message, message
from manifests.receipts import Keys, Receipt, ReceiptError, request_digest, verify


def receipt_findings(submission: Submission, keys: Keys, *, drawn_wanted: bool = False) -> list[Message]:
    """What a person should know, the most certain first. `drawn_wanted`: each picture has to be drawn by a
    gateway."""
    faults: dict[str, list[str]] = {}
    believed: list[tuple[Recorded, Receipt]] = []
    for recorded in submission.own:
        found = _read(recorded, submission, keys)
        if isinstance(found, Receipt):
            believed.append((recorded, found))
        else:
            faults.setdefault(found, []).append(recorded.file)
    witnessed = [recorded.file for recorded, receipt in believed if receipt.kind == "witnessed"]
    if drawn_wanted and witnessed:
        faults.setdefault("witnessed", []).extend(witnessed)
    numbers = Counter(receipt.sequence for _, receipt in believed)
    twice = [r.file for r, receipt in believed if numbers[receipt.sequence] > 1]
    if twice:
        faults["twice"] = twice
    missing = faults.pop("missing", [])
    order = (
        "forged", "foreign", "malformed", "pixels", "student", "request", "twice",
        "key_not_in_use", "unknown_key", "witnessed",
    )  # fmt: skip
    messages = [message(f"receipt.{code}", files=tuple(faults[code])) for code in order if code in faults]
    if missing and (drawn_wanted or believed):
        messages.append(message("receipt.missing", files=tuple(missing)))
    gaps = max(numbers, default=0) - len(numbers)
    if gaps:
        messages.append(message("receipt.gaps", count=gaps, last=max(numbers)))
    return messages


def _read(recorded: Recorded, submission: Submission, keys: Keys) -> Receipt | str:
    """The receipt of a record, or the code of why there is none to believe."""
    manifest = recorded.manifest
    if manifest.receipt is None:
        return "missing"
    try:
        receipt, pixels = verify(manifest.receipt, keys)
    except ReceiptError as error:
        return error.code
    if pixels != manifest.image.pixels_sha256:
        return "pixels"
    if receipt.student != submission.student and receipt.student not in submission.also:
        return "student"
    return receipt if receipt.request == request_digest(manifest.request) else "request"
