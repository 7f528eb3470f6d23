"""A moment in a document from outside: with its offset, and one that a clock of any time zone can show."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

# From the first that a clock without a battery shows, to beyond all that is made here.
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

Moment = Annotated[AwareDatetime, Field(ge=FIRST, le=LAST)]
