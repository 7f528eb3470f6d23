"""Recognizes the columns of a class list by their titles: of Moodle, Canvas and others, in both languages."""

import re
import unicodedata
from dataclasses import dataclass, field

from hub.cohort.errors import CohortError

MAX_TITLES = 300  # characters of all titles in a message

USER = (
    "user", "username", "userid", "login", "account", "identifiant", "utilisateur", "nomutilisateur",
    "nomdutilisateur", "compte", "sisloginid", "loginid", "iddeconnexionsis", "identifiantdeconnexionsis",
)  # fmt: skip
EMAIL = (
    "email", "mail", "emailaddress", "courriel", "adresseemail", "adressecourriel", "adressedecourriel",
    "adressemail",
)  # fmt: skip
FIRST = ("firstname", "givenname", "prenom")
LAST = (
    "name", "lastname", "surname", "familyname", "fullname", "nom", "nomdefamille", "nomcomplet",
    "student", "studentname", "etudiant", "eleve",
)  # fmt: skip
GROUP = ("group", "groups", "groupe", "groupes", "class", "classe", "section", "sections", "td", "tp")
_NUMBERED_GROUP = re.compile(r"group[0-9]{1,2}")  # in the lists with which Moodle takes accounts in
_CANVAS = (
    "sisloginid", "sisuserid", "iddeconnexionsis", "identifiantdeconnexionsis", "idutilisateursis",
    "iddutilisateursis", "identifiantdutilisateursis",
)  # fmt: skip


class RosterError(CohortError):
    """The file is not a roster, and nothing of it was used."""


@dataclass(frozen=True)
class Columns:
    """Where things stand in a line, by index; `ignored` are the titles of columns that are not used."""

    user: int
    first: int | None = None
    last: int | None = None
    groups: tuple[int, ...] = ()
    ignored: tuple[str, ...] = field(default=())
    canvas: bool = False  # Canvas' own export, which has rows of its own


def recognize(header: list[str], user_column: str | None = None) -> Columns:
    """Find the columns. `user_column` is the title of the one with user names, else it is found by its title.

    Raises RosterError if there is no such column, or more than one.
    """
    titles = [plain(title) for title in header]
    user = _user_column(header, titles, user_column)
    rest = [(index, title) for index, title in enumerate(titles) if index != user]
    first = next((index for index, title in rest if title in FIRST), None)
    last = next((index for index, title in rest if title in LAST), None)
    groups = tuple(index for index, title in rest if title in GROUP or _NUMBERED_GROUP.fullmatch(title))
    used = {user, first, last, *groups}
    ignored = tuple(
        for_message(title) for index, title in enumerate(header) if index not in used and title.strip()
    )
    return Columns(user, first, last, groups, ignored, canvas=any(title in _CANVAS for title in titles))


def plain(title: str) -> str:
    """Return a title without case, accents, spaces and punctuation."""
    letters = unicodedata.normalize("NFKD", title.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def for_message(text: str) -> str:
    """Return as much of an untrusted text as fits into a message."""
    return "".join(letter if letter.isprintable() else "·" for letter in text.strip())[:80]


def _user_column(header: list[str], titles: list[str], chosen: str | None) -> int:
    found = ", ".join(for_message(title) for title in header if title.strip())[:MAX_TITLES]
    if chosen is not None:
        wanted = plain(chosen)
        names = next((names for names in (USER, EMAIL) if wanted in names), ())
        fitting = [i for i, title in enumerate(titles) if title == wanted] or [
            i for i, title in enumerate(titles) if title in names
        ]
        if not wanted or not fitting:
            raise RosterError("cohort.roster.no_such_column", column=for_message(chosen), found=found)
    else:
        fitting = [i for i, title in enumerate(titles) if title in USER]
        if not fitting:
            raise RosterError("cohort.roster.no_user_column", found=found)
    if len(fitting) > 1:
        first, second = (for_message(header[i]) for i in fitting[:2])
        raise RosterError("cohort.roster.column_twice", column=second, other=first)
    return fitting[0]
