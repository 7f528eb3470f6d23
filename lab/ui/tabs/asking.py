"""What the tabs that ask a model have in common: which picture, which provider and model."""

import logging
import sqlite3
from typing import Any

from exercises.errors import UserError
from lab.jobs.analyse import ModelSelection
from lab.models.availability import availability
from lab.models.offered import models
from lab.providers.choices import Choice
from lab.providers.class_router import GATEWAY
from lab.providers.errors import Money, NoKey
from lab.providers.protocol import Kind
from lab.records import own_pictures
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.page import Page
from manifests.pictures import open_picture
from manifests.store import Record

log = logging.getLogger(__name__)

ROUTER_FAILS = (UserError, OSError, sqlite3.Error)  # a wrong providers' file, a ledger that cannot be opened
HERE = "here"  # the provider's name for models of this machine, which no provider is asked for
BUNDLED = "bundled"  # the provider that is this lab itself, over HTTP
FIRST = ""  # the first provider that answers, in the configured order


class NoPicture(UserError):
    """Nothing was chosen, or it is gone."""


def selection_of(value: str | None) -> ModelSelection:
    """What `model_value` wrote."""
    provider, _, model = (value or FIRST).partition("/")
    return ModelSelection(provider or None, model or None)


def drawn_here(value: str) -> str | None:
    """The model of this machine, or of the class, behind `<provider>/<model>`; None for all others."""
    provider, _, model = value.partition("/")
    return model if provider in (HERE, BUNDLED, GATEWAY) and model in models() else None


def drawn_by() -> list[tuple[str, str]]:
    """The models that can draw here now, by name and id."""
    return [(each.name, each.id) for each in models().values() if availability(each.id).available]


def model_value(each: Choice) -> str:
    return f"{each.provider}/{each.model}"


def offered(lab: Lab, kind: Kind) -> list[Choice]:
    """Who is set up for this work and can be asked. May take seconds: providers say what they have.

    Nobody, where the way to them is not in order: who asks then is told why, and so is the tab of the costs.
    """
    try:
        found = lab.router.choices(kind)
    except ROUTER_FAILS as error:
        log.warning("No provider can be offered: %s", error)
        return []
    return [each for each in found if not isinstance(each.problem, NoKey) and each.model]


def model_choice(page: Page, name: str, label: str = "") -> Any:
    """A list of who may be asked; `model_choices` are its choices."""
    return choice(
        choices=[(page.t("analyse.first"), FIRST)],
        value=FIRST,
        label=label or page.t("analyse.model"),
        info=page.t("analyse.model_hint"),
        elem_id=f"model-{name}",
    )


def model_choices(lab: Lab, page: Page) -> list[tuple[str, str]]:
    """The first that answers, then each vision model by itself."""
    found = offered(lab, "vision")
    return [
        (page.t("analyse.first"), FIRST),
        *((model_name(page, each), model_value(each)) for each in found),
    ]


def model_name(page: Page, each: Choice) -> str:
    """Model and provider, and what to know before asking: what it costs at most, soon to be shut down."""
    t = page.t
    said = t("analyse.model_name", model=each.model, provider=each.provider)
    if each.free:
        said += t("analyse.is_free")
    elif each.price is None:
        said += t("analyse.no_price")
    else:
        most = Money(each.most, each.currency)(page.language)
        said += t("analyse.at_most", amount=most)
    if each.listed is False:
        said += t("analyse.not_listed")
    if each.shutdown_date:
        said += t("analyse.shutdown", date=each.shutdown_date)
    return said


def picture_choices(lab: Lab) -> list[tuple[str, str]]:
    return [
        (own_pictures.caption(lab.assignment.id, record), name) for name, record in lab.own_pictures().items()
    ]


def chosen(lab: Lab, page: Page, names: list[str]) -> list[Record]:
    """The pictures of those names. Raises NoPicture where there is none, or one of them has gone."""
    there = lab.own_pictures()
    if not names or any(name not in there for name in names):
        raise NoPicture(page.t("analyse.no_picture"))
    return [there[name] for name in names]


def shown(lab: Lab, record: Record) -> Any:
    """A picture as a component takes it: by its file in this assignment, else by its pixels."""
    if record.manifest.assignment == lab.assignment.id:
        return str(record.image_path)
    return open_picture(record.image_path.read_bytes())
