"""The result of one rule, before it has points and is put into words.

Rule: true when what was asked is there, false when it plainly is not, null when it cannot be
told: because an earlier rule failed, or because only a person can judge it. A program never gives
what only a person can judge.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

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
    begun: bool = True
    share: float = 1.0  # of the points of a check that passed

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
    """One check with its verdict: `<exercise>/<part>/<rule>` once it has its exercise.

    `waits_for`: the open rule of this part without which it cannot pass.
    """

    part: str
    rule: str
    title: Message
    verdict: Verdict
    waits_for: str | None = None

    def check(self, exercise: str, maximum: float, language: Language) -> CheckResult:
        return CheckResult(
            id=f"{exercise}/{self.part}/{self.rule}",
            title=self.title.text(language),
            passed=self.verdict.passed,
            points=round(maximum * self.verdict.share, 2) if self.verdict.passed else 0.0,
            maximum=maximum,
            cause=self.verdict.cause(language),
            needs_person=self.verdict.needs_person,
            begun=self.verdict.begun,
            waits_for=f"{exercise}/{self.part}/{self.waits_for}" if self.waits_for else None,
        )


def ok(note: Message | None = None) -> Verdict:
    return Verdict(True, note)


def wrong(reason: Message, expected: Value = None, actual: Value = None) -> Verdict:
    return Verdict(False, reason, expected, actual)


def not_yet(reason: Message, expected: Value = None, actual: Value = None) -> Verdict:
    """Nothing is there that could be right or wrong."""
    return Verdict(False, reason, expected, actual, begun=False)


def unknown(reason: Message) -> Verdict:
    """Cannot be told, for this reason."""
    return Verdict(None, reason)


def for_a_person(reason: Message, expected: Value = None, actual: Value = None) -> Verdict:
    """Only somebody who reads it can tell."""
    return Verdict(None, reason, expected, actual, needs_person=True)


Rule = tuple[str, Callable[[], Verdict]]


def in_order(part: str, rules: Iterable[Rule], **values: object) -> list[RuleResult]:
    """Apply rules one after the other.

    After the first that fails, the rest cannot be checked. After one that only a person can judge, the
    rest is checked all the same, and what would pass waits for that person too.
    """
    results: list[RuleResult] = []
    stopped_by: Message | None = None
    waiting: RuleResult | None = None
    for rule, apply in rules:
        title = message(f"title.{rule}", part=part, **values)
        if stopped_by is not None:
            results.append(RuleResult(part, rule, title, unknown(message("blocked", title=stopped_by))))
            continue
        result = RuleResult(part, rule, title, apply())
        if result.verdict.needs_person:
            waiting = waiting or result
        elif not result.verdict.passed:
            stopped_by = title
        elif waiting is not None:
            verdict = for_a_person(message("waits", title=waiting.title))
            result = replace(result, verdict=verdict, waits_for=waiting.rule)
        results.append(result)
    return results
