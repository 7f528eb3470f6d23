"""What is known about a picture before it is stored: everything the engine or an API can say."""

from dataclasses import dataclass

from manifests.manifest import Adherence, ApiRequest, Charge, Cost, Model, Request, Versions


@dataclass(frozen=True)
class Draft:
    """The store adds student, assignment, attempt, time, the image's own facts and the chain."""

    exercise: str
    run: str
    request: Request | ApiRequest
    effective_steps: int
    model: Model
    versions: Versions
    device: str
    dtype: str
    seconds: float
    batch_size: int = 1
    batch_index: int = 0
    cost: Cost | Charge | None = None
    adherence: Adherence | None = None
