"""The parts of the page, over HTTP on this machine, for the Hub's handler alone: it knows the token.

Every text of a lab goes through templates that escape all; a picture is named by a key that this process
made, never by what a lab or a browser says.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING, Annotated, Any, get_args

from exercises.assignment import Assignment
from exercises.errors import UserError
from exercises.i18n import Language
from exercises.loader import find_assignment
from hub.class_page.actions import Action, Actions, Asked, NobodyTicked
from hub.class_page.pages import Pages
from hub.class_page.pictures import NoPicture, small_jpeg
from hub.class_page.watch import Watch
from hub.cohort.client import HubRefused, HubUnreachable
from hub.cohort.errors import CohortError
from hub.cohort.lab_client import LabError
from hub.cohort.told import Checklist, NewPicture

if TYPE_CHECKING:
    from fastapi import FastAPI

MOST_KEYS = 20_000  # pictures that pages may show at once


class PictureKeys:
    """Which picture a key stands for. The oldest keys are forgotten."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._of: OrderedDict[str, tuple[str, str, NewPicture]] = OrderedDict()

    def key(self, assignment: str, user: str, picture: NewPicture) -> str:
        text = "\0".join((assignment, user, picture.stem, picture.time.isoformat()))
        key = hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:40]
        self._of[key] = assignment, user, picture
        self._of.move_to_end(key)
        while len(self._of) > MOST_KEYS:
            self._of.popitem(last=False)
        return key

    def find(self, key: str) -> tuple[str, str, NewPicture] | None:
        return self._of.get(key)


def build_app(watch: Watch, actions: Actions, token: str, assignments: list[str]) -> "FastAPI":
    """`assignments` are those that can be chosen."""
    from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
    from fastapi.responses import HTMLResponse
    from pydantic import BaseModel, Field

    keys = PictureKeys()
    pages = Pages(watch, actions, keys.key, assignments)

    def only_the_hub(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401)

    def chosen(assignment: str = "") -> Assignment:
        """The assignment asked for, else the first that is open to the class."""
        for name in (assignment, *watch.assignments()):
            try:
                found = find_assignment(name)
            except UserError:
                continue
            watch.looked_at(found.id)
            return found
        raise HTTPException(404)

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(only_the_hub)])
    Chosen = Annotated[Assignment, Depends(chosen)]

    @app.get("/class")
    async def class_(assignment: Chosen, language: Language, group: str = "") -> HTMLResponse:
        await watch.ready.wait()
        return HTMLResponse(pages.class_(assignment, group or None, language))

    @app.get("/statistics")
    async def statistics(assignment: Chosen, language: Language, group: str = "") -> HTMLResponse:
        await watch.ready.wait()
        return HTMLResponse(pages.statistics(assignment, group or None, language))

    @app.get("/wall")
    async def wall(
        assignment: Chosen, language: Language, group: str = "", anonymous: str = ""
    ) -> HTMLResponse:
        await watch.ready.wait()
        return HTMLResponse(pages.wall(assignment, group or None, bool(anonymous), language))

    @app.get("/student")
    async def student(assignment: Chosen, language: Language, user: str = "") -> HTMLResponse:
        await watch.ready.wait()
        known = watch.user(user)
        if known is None:
            raise HTTPException(404)
        checklist: Checklist | None = None
        silent: CohortError | None = None
        if known.server is not None and known.server.ready:
            try:
                checklist = await watch.labs.checklist(user, known.server, assignment.id, language)
            except (LabError, HubRefused, HubUnreachable) as error:
                silent = error
            if watch.user(user) is None:  # left the class while the lab was asked
                raise HTTPException(404)
        return HTMLResponse(pages.student(assignment, known.name, checklist, silent, language))

    @app.get("/picture")
    async def picture(key: Annotated[str, Query(max_length=100)]) -> Response:
        found = keys.find(key)
        if found is None:
            raise HTTPException(404)
        assignment, user, which = found
        data = watch.known.picture(assignment, user, which)
        if data is None:
            known = watch.user(user)
            if known is None or known.server is None or not known.server.ready:
                raise HTTPException(404)
            try:
                sent = await watch.labs.picture(user, known.server, assignment, which.stem)
                data = await asyncio.to_thread(small_jpeg, sent)
            except (LabError, HubRefused, HubUnreachable, NoPicture):
                raise HTTPException(404) from None
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=300"})

    class Pressed(BaseModel):
        action: str
        assignment: str = ""
        users: list[Annotated[str, Field(max_length=255)]] = Field(default=[], max_length=5000)
        until: Annotated[str, Field(max_length=60)] = ""
        confirmed: bool = False
        group: str = ""
        by: str = ""
        language: Language = "en"

    @app.post("/act")
    async def act(pressed: Pressed) -> dict[str, Any]:
        """`html` asks whether it shall be done, or says that it cannot; without it, it is under way."""
        if pressed.action not in get_args(Action):
            raise HTTPException(400)
        assignment = chosen(pressed.assignment)
        asked = Asked(
            pressed.action,  # type: ignore[arg-type]
            assignment.id,
            tuple(pressed.users),
            pressed.until,
            pressed.confirmed,
            pressed.by,
        )
        try:
            question = await actions.do(asked, pressed.language)
        except NobodyTicked:
            group = pressed.group or None
            return {"html": pages.class_(assignment, group, pressed.language, nobody_ticked=True)}
        return {"html": pages.confirm(question, pressed.group, pressed.language) if question else ""}

    return app
