"""`copies.json` and `copies.html`: the pairs of a class, written where its grades are."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import RootModel

from exercises.assignment import Assignment
from exercises.i18n import Language, Translator, translator
from grading.copies.earlier import (
    KeptStudent,
    check_label,
    earlier_evidence,
    key_of,
    read_cohorts,
    write_cohort,
)
from grading.copies.exhibits import Exhibits, with_passages
from grading.copies.fingerprint import Fingerprint
from grading.copies.pairs import Evidence, Pair, find_pairs, given_by, ranked
from grading.reports.student import render
from grading.wording import shown

COPIES, PAGE = "copies.json", "copies.html"

Exhibit = Callable[[Mapping[str, Iterable[str]]], Mapping[str, Exhibits]]


@dataclass(frozen=True)
class Earlier:
    """A folder of earlier cohorts; `remember`: the label under which this class is kept in it."""

    folder: Path
    remember: str | None = None

    def key(self) -> bytes:
        """Raises EarlierError."""
        if self.remember is not None:
            check_label(self.remember)
        return key_of(self.folder, make=self.remember is not None)

    def students(self, assignment: str) -> dict[tuple[str, str], KeptStudent]:
        """Those of the other cohorts, by cohort and name. Raises EarlierError."""
        return read_cohorts(self.folder, assignment, self.remember)


class Copies(RootModel[tuple[Pair, ...]]):
    """The content of `copies.json`: pairs, the most certain first."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        return self.root


@dataclass(frozen=True)
class Shown:
    """One row of the page."""

    pair: Pair
    pictures: tuple[tuple[str | None, str | None], ...]  # of each evidence, as data URLs


def find_copies(
    assignment: Assignment,
    fingerprints: Mapping[str, Fingerprint],
    names: Mapping[str, str],
    exhibit: Exhibit,
    language: Language,
    *,
    key: bytes = b"",
    earlier: Earlier | None = None,
    kept: Mapping[tuple[str, str], KeptStudent],
) -> tuple[Copies, str]:
    """The pairs and their page. `fingerprints` and `names` (as shown) are by the submission's folder.

    `exhibit` gets what is to be seen of some submissions: by folder, the places of pictures.
    `kept`: the students of the earlier cohorts, read before anybody was graded. Raises OSError.
    """
    given = given_by(assignment, key)
    pairs = find_pairs(fingerprints, given)
    labels = dict(names)
    if earlier is not None:
        found = earlier_evidence(fingerprints, kept, given)
        labels |= {_place(who): "/".join(map(shown, who)) for _, who in found}
        pairs = sorted(
            [*pairs, *ranked({(mine, _place(who)): e for (mine, who), e in found.items()})],
            key=lambda p: -p.score,
        )
        if earlier.remember is not None:
            write_cohort(earlier.folder, earlier.remember, assignment.id, fingerprints, names, given)
    wanted: dict[str, set[str]] = {}
    for pair in pairs:
        for side, folder in enumerate(pair.students):
            if folder in fingerprints:
                wanted.setdefault(folder, set()).update(e.files[side] for e in pair.evidence if e.files)
    exhibits = exhibit(wanted)
    t = translator("grading", language)
    rows = [_row(pair, labels, exhibits, t) for pair in pairs]
    page = render("copies.html.j2", language, assignment=assignment.title(language), rows=rows)
    return Copies(tuple(row.pair for row in rows)), page


def _place(who: tuple[str, str]) -> str:
    """An earlier student's key among the folders: no folder's name has a slash."""
    return f"{who[0]}/{who[1]}"


def _row(pair: Pair, labels: Mapping[str, str], exhibits: Mapping[str, Exhibits], t: Translator) -> Shown:
    one, other = (exhibits.get(folder, Exhibits()) for folder in pair.students)
    evidence, pictures = [], []
    for each in pair.evidence:
        told = with_passages(each, one, other).model_copy(update={"said": said(each, t)})
        evidence.append(told)
        files = each.files or ("", "")
        pictures.append((one.pictures.get(files[0]), other.pictures.get(files[1])))
    students = (labels[pair.students[0]], labels[pair.students[1]])
    return Shown(pair.model_copy(update={"students": students, "evidence": tuple(evidence)}), tuple(pictures))


def said(evidence: Evidence, t: Translator) -> str:
    """What the evidence is, in a sentence."""
    how = "_".join(evidence.how) or "near"
    if evidence.files is not None and evidence.kind != "earlier":
        how = "pictures_exact" if "exact" in evidence.how else "pictures"
        ways = [t(f"copies.way_{way}") for way in evidence.how if way != "exact"]
        return t(f"copies.{how}", one=evidence.files[0], other=evidence.files[1]) + "".join(
            f" {way}" for way in ways
        )
    if evidence.files is not None:
        return t(f"copies.earlier_{how}", one=evidence.files[0], other=evidence.files[1])
    name = f"earlier_{how}" if evidence.kind == "earlier" else evidence.kind if how == "near" else how
    return t(f"copies.{name}", count=evidence.count)
