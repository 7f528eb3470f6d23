"""Kind `hand_in`: the record as a whole is one student's, unbroken, complete, no picture used twice.

It is worth nothing while no picture is left in it, and in the student's own view until it is handed in.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial

from exercises.kinds import HandIn
from grading.checks.drawing import Drawing, drawing
from grading.checks.kind import Evidence, KindChecks
from grading.checks.verdict import (
    Rule,
    RuleResult,
    Verdict,
    for_a_person,
    in_order,
    not_yet,
    ok,
    unknown,
    wrong,
)
from grading.submission.files import Unreadable
from grading.submission.frozen import FROZEN_FILE
from grading.submission.names import is_of_a_system
from grading.submission.reading import Recorded, Submission
from grading.wording import Message, message
from manifests.analysis import Analysis, Note
from manifests.chain import ChainBreak, verify_chain
from manifests.manifest import Manifest
from manifests.missed import missed


def check_record(exercise: HandIn, evidence: Evidence) -> list[RuleResult]:
    """Four rules, each by itself."""
    submission = evidence.submission
    rules: list[Rule] = [
        ("chain", partial(_chain, submission)),
        ("owner", partial(_owner, submission)),
        ("reuse", partial(_reuse, submission)),
        ("complete", partial(_complete, submission)),
    ]
    if not any(submission.has_picture(recorded) for recorded in submission.own):
        if submission.records:
            nothing = wrong(message("record.no_pictures"))
        else:
            nothing = not_yet(message("record.none"))
        return in_order("record", [(name, lambda: nothing) for name, _ in rules])
    verdicts = {name: apply() for name, apply in rules}
    if not submission.handed_in:
        waiting = unknown(message("record.not_handed_in"))
        verdicts = {name: waiting if verdict.passed else verdict for name, verdict in verdicts.items()}
    return [RuleResult("record", name, message(f"title.{name}"), each) for name, each in verdicts.items()]


def _chain(submission: Submission) -> Verdict:
    if submission.unreadable:
        return wrong(message("chain.unreadable", files=tuple(sorted(submission.unreadable))))
    breaks = _breaks(r.manifest for r in submission.records)
    if breaks:
        return wrong(message("chain.broken", breaks=breaks))
    breaks = _breaks(submission.entries)
    return wrong(message("chain.notebook_broken", breaks=breaks)) if breaks else ok()


def _breaks(links: Iterable[Manifest | Analysis | Note]) -> tuple[ChainBreak, ...]:
    """Where a chain does not hold; each name has a chain of its own."""
    chains: dict[str, list[Manifest | Analysis | Note]] = defaultdict(list)
    for link in links:
        chains[link.student].append(link)
    return tuple(found for _, chain in sorted(chains.items()) for found in verify_chain(chain))


def _owner(submission: Submission) -> Verdict:
    manifests = [*(r.manifest for r in submission.records), *submission.entries]
    students = {m.student for m in manifests}
    frozen, student = submission.frozen, submission.student
    others = tuple(sorted(students & submission.classmates))
    if others:
        only = message("owner.classmate", student=others)
        several = message("owner.several", student=others)
        return wrong(only if student in others else several, submission.name, tuple(sorted(students)))
    if any(m.assignment != submission.assignment for m in manifests):
        found = tuple(sorted({m.assignment for m in manifests}))
        return wrong(message("owner.assignment"), submission.assignment, found)
    if frozen is not None and frozen.assignment != submission.assignment:
        return wrong(message("owner.frozen", file=FROZEN_FILE), submission.assignment, frozen.assignment)
    if submission.other_names:
        claimed = set(submission.claimed_names) == set(submission.other_names)
        return for_a_person(
            message(
                "owner.claimed" if claimed else "owner.other_names",
                names=submission.other_names,
                student=student,
            )
        )
    if frozen is not None and not submission.is_mine(frozen.student):
        return for_a_person(message("owner.frozen", file=FROZEN_FILE), student, frozen.student)
    if student == submission.name:
        return ok()
    return ok(message("owner.other_name", name=submission.name, student=student))


def _reuse(submission: Submission) -> Verdict:
    """A kept picture that two requests claim, which cannot give the same one."""
    alike: dict[str, list[Recorded]] = defaultdict(list)
    for recorded in submission.kept:
        alike[recorded.manifest.image.pixels_sha256].append(recorded)
    twice = []
    for several in (group for group in alike.values() if len(group) > 1):
        claims: dict[Drawing, str] = {}
        for recorded in several:
            drawn = drawing(recorded, submission)
            if drawn is not None:
                claims.setdefault(drawn, recorded.file)
        if len(claims) > 1:
            twice.append(" = ".join(sorted(claims.values())))
    return wrong(message("reuse.twice", files=tuple(sorted(twice)))) if twice else ok()


def _complete(submission: Submission) -> Verdict:
    """Every kept manifest can be read and has its picture as recorded; a frozen list fits the files."""
    problems = [*submission.unreadable.values(), *_picture_problems(submission), *_list_problems(submission)]
    return wrong(message("complete.problems", problems=tuple(problems))) if problems else ok()


def _picture_problems(submission: Submission) -> Iterator[Message]:
    for recorded in missed(submission.kept, submission.has_picture):
        yield message("image.gone", file=recorded.image_file)
    for recorded in filter(submission.has_picture, submission.kept):
        try:
            sha256 = submission.image_sha256(recorded)
        except Unreadable as error:
            yield error.message
            continue
        if sha256 != recorded.manifest.image.sha256:
            yield message("image.hash", file=recorded.manifest.image.file)


def _list_problems(submission: Submission) -> Iterator[Message]:
    """What the hand-in's own list says and the files do not, and the other way round."""
    if submission.frozen is None or submission.files is None:
        return
    listed = {each.file: each.sha256 for each in submission.frozen.files}
    for name, sha256 in sorted(listed.items()):
        try:
            if hashlib.sha256(submission.files.read(submission.base + name)).hexdigest() != sha256:
                yield message("complete.changed", file=name)
        except Unreadable as error:
            yield error.message
    for name in sorted(submission.files.sizes):
        within = name.removeprefix(submission.base)
        litter = is_of_a_system(name.rpartition("/")[2])
        if name.startswith(submission.prefix) and within not in listed and not litter:
            yield message("complete.added", file=within)


KIND = KindChecks(check_record)
