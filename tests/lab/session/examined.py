"""A case for the doctor, and what it finds of one kind."""

from pathlib import Path

from exercises.i18n import Language
from lab.session.doctor import Case, Finding, examine


def case(work: Path, language: Language = "en", port: int | None = None, **variables: str) -> Case:
    return Case(language, work, "ada", port=port, variables=variables)


def findings(given: Case, check: str) -> list[Finding]:
    return [finding for finding in examine(given) if finding.check == check]


def only(given: Case, check: str) -> Finding:
    found = findings(given, check)
    assert len(found) == 1, found
    return found[0]
