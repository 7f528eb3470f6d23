"""A request that cannot be done, or a run that failed: a stable code and the values its text needs.

The texts are the catalogue's `[engine]`; codes are listed there and nowhere else.
"""

from exercises.errors import UserError
from exercises.i18n import Language, preferred_language
from lab.engine.protocol import Failed, Value


class EngineFailure(Exception):
    """Raised inside the engine; the job's last event becomes `Failed(code, values)`."""

    def __init__(self, code: str, **values: Value) -> None:
        super().__init__(code)
        self.failed = Failed(code, values)

    @classmethod
    def of(cls, failed: Failed) -> "EngineFailure":
        """The exception of a failure."""
        return cls(failed.code, **failed.values)


class JobFailed(UserError):
    """The failure a job ended with, for code that raises instead of reading events."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.code)
        self.failed = failed

    def in_language(self, language: Language) -> str:
        return self.failed.text(language)

    def __str__(self) -> str:
        return self.in_language(preferred_language())


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: Python's, the GPU's, or the CPU allocator's, which has no type of its own."""
    if isinstance(error, MemoryError):
        return True
    import torch

    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    )
