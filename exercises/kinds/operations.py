"""Kind `operations`: pictures resized, cropped and saved in several formats, as a batch of files."""

from typing import Annotated, Literal

from pydantic import Field

from exercises.kinds.crafted import Crafted


class Operations(Crafted):
    """A batch of at least `files_minimum` files, in at least `formats_minimum` formats."""

    kind: Literal["operations"] = "operations"
    files_minimum: Annotated[int, Field(strict=True, ge=1, le=200)] = 100
    formats_minimum: Annotated[int, Field(strict=True, ge=1, le=4)] = 3
