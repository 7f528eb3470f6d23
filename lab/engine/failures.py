"""A request that cannot be done, or a run that failed: a stable code and the values its text needs.

The texts are the catalogue's `[engine]`; codes are listed there and nowhere else.
"""

from lab.engine.protocol import Failed, Value


class EngineFailure(Exception):
    """Raised inside the engine; the job's last event becomes `Failed(code, values)`."""

    def __init__(self, code: str, **values: Value) -> None:
        super().__init__(code)
        self.failed = Failed(code, values)
