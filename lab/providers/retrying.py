"""When the same provider is asked again, and after how long: tenacity with this package's rules."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential_jitter

from lab.providers.errors import Cancelled, ProviderError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Policy:
    """`attempts` in all; the wait doubles from `first_wait` to `longest_wait` seconds, with jitter.

    A provider that asks for a longer wait than `longest_wait` (`Retry-After`) is not waited for.
    """

    attempts: int = 4
    first_wait: float = 0.5
    longest_wait: float = 30.0
    failures: int = 3  # in a row, until a provider is left alone
    rest: float = 60.0  # seconds for which it is


def with_retries(
    attempt: Callable[[], Result],
    policy: Policy,
    *,
    deadline: float,
    again: Callable[[ProviderError], bool],
    waits: Callable[[ProviderError, float], None],
    cancel: threading.Event | None,
) -> Result:
    """The attempt's result, or its last ProviderError.

    `again` says whether an error is worth another attempt, `waits` is told of each wait.
    `deadline` is of `time.monotonic`: no wait reaches beyond it. A set `cancel` ends a wait with
    Cancelled: nothing is on its way then.
    """
    backoff = wait_exponential_jitter(
        multiplier=policy.first_wait, max=policy.longest_wait, jitter=policy.first_wait
    )

    def wait(state: RetryCallState) -> float:
        error = _error(state)
        return max(backoff(state), error.retry_after or 0.0) if error else 0.0

    def stop(state: RetryCallState) -> bool:
        too_long = state.upcoming_sleep > policy.longest_wait + policy.first_wait
        too_late = time.monotonic() + state.upcoming_sleep >= deadline
        return state.attempt_number >= policy.attempts or too_long or too_late

    def before_sleep(state: RetryCallState) -> None:
        if error := _error(state):
            waits(error, state.upcoming_sleep)

    def sleep(seconds: float) -> None:
        if not cancel:
            time.sleep(seconds)
        elif cancel.wait(seconds):
            raise Cancelled(maybe_charged=False)

    retrying = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, ProviderError) and again(error)),
        wait=wait,
        stop=stop,
        sleep=sleep,
        before_sleep=before_sleep,
        reraise=True,
    )
    return retrying(attempt)


def _error(state: RetryCallState) -> ProviderError | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, ProviderError) else None
