"""What an export gives: files, and in words what is not in them."""

from dataclasses import dataclass, field

from grading.wording import Message


@dataclass
class Exported:
    """`files` by name; one of the name "" is the export itself. `notes` is what a person must know."""

    files: dict[str, bytes]
    written: int
    notes: list[Message] = field(default_factory=list)
