"""The result of one rule, before it has points and is put into words.

Rule: true when what was asked is there, false when it plainly is not, null when it cannot be
told: because an earlier rule failed, or because only a person can judge it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from exercises.i18n import Language
from grading.results import Cause, CheckResult
from grading.wording import Message, message, worded

Value = Message | str | tuple[str, ...] | None


@dataclass(frozen=True)
class Verdict:
    passed: bool | None
    message: Message | None = None
    expected: Value = None
    actual: Value = None
    needs_person: bool = False

    def cause(self, language: Language) -> Cause | None:
        if self.message is None:
            return None
        return Cause(
            message=self.message.text(language),
            expected=None if self.expected is None else worded(self.expected, language),
            actual=None if self.actual is None else worded(self.actual, language),
        )


@dataclass(frozen=True)
class RuleResult:
    """One check with its verdict: `<exercise>/<part>/<rule>` once it has its exercise."""

    part: str
    rule: str
    title: Message
    verdict: Verdict

    def check(self, exercise: str, maximum: float, language: Language) -> CheckResult:
        return CheckResult(
            id=f"{exercise}/{self.part}/{self.rule}",
            title=self.title.text(language),
            passed=self.verdict.passed,
            points=maximum if self.verdict.passed else 0.0,
            maximum=maximum,
            cause=self.verdict.cause(language),
            needs_person=self.verdict.needs_person,
        )


def ok(note: Message | None = None) -> Verdict:
    return Verdict(True, note)


def wrong(reason: Message, expected: Value = None, actual: Value = None) -> Verdict:
    return Verdict(False, reason, expected, actual)


def unknown(reason: Message) -> Verdict:
    """Cannot be told, for this reason."""
    return Verdict(None, reason)


def for_a_person(reason: Message, expected: Value = None, actual: Value = None) -> Verdict:
    """Only somebody who reads it can tell."""
    return Verdict(None, reason, expected, actual, needs_person=True)


Rule = tuple[str, Callable[[], Verdict]]


def in_order(part: str, rules: Iterable[Rule], **values: object) -> list[RuleResult]:
    """Apply rules one after the other; after the first that does not pass, the rest cannot be checked."""
    results: list[RuleResult] = []
    stopped_by: Message | None = None
    for rule, apply in rules:
        title = message(f"title.{rule}", part=part, **values)
        verdict = unknown(message("blocked", title=stopped_by)) if stopped_by else apply()
        if stopped_by is None and not verdict.passed:
            stopped_by = title
        results.append(RuleResult(part, rule, title, verdict))
    return results
