"""Decides which provider is asked, in which order, and what happens when one cannot answer.

Providers are asked in the configuration's order, each with its models in theirs. An answer kept from
before comes first; then the budget is asked; then the provider. It is asked again only after a failure
that passes and certainly cost nothing (or costs nothing anyway). A failure of the provider leads to the
next provider, one of the model to its next model, one of the request itself ends the call. Once a
charging provider may have been paid, no second one is asked: the call ends, or goes on to those that
are free. So no call is paid twice.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from copy import copy
from dataclasses import replace
from pathlib import Path

from lab.providers.address import Address, Asked
from lab.providers.as_events import as_events
from lab.providers.asking import Clients, ask
from lab.providers.breaker import Breaker
from lab.providers.cache import Cache, fingerprint, may_cache
from lab.providers.candidates import Candidate, Candidates
from lab.providers.choices import Choice, choices
from lab.providers.configuration import Configuration
from lab.providers.errors import (
    AllFailed,
    Cancelled,
    ProviderError,
    Resting,
    RetiredModel,
)
from lab.providers.ledger import Ledger
from lab.providers.offers import Offers, alternatives
from lab.providers.payment import ANSWERED, Payment, answer_counts_more
from lab.providers.protocol import (
    Alert,
    Answer,
    Call,
    Event,
    Kind,
    MovedOn,
    Piece,
    Progress,
    Retrying,
    Tried,
    Trying,
    Waiting,
)
from lab.providers.replies import Reply
from lab.providers.retrying import Policy, with_retries
from lab.providers.spending import Standing

_log = logging.getLogger(__name__)

AT_ONCE = 3
_LOOK_SECONDS = 0.1
_turns = threading.BoundedSemaphore(AT_ONCE)  # of this process, whatever routers it has


class Router:
    """For one student, or by `of` for each of a class. Safe in threads. Close it when done.

    `addresses` gives what the configuration cannot know: where the lab's own endpoint listens
    (called when it is needed). `environment` and `env_place` (a folder with a `.env`, or such a file)
    are where keys are looked for.
    """

    def __init__(
        self,
        configuration: Configuration,
        ledger: Ledger,
        *,
        student: str,
        cache: Cache | None = None,
        addresses: Mapping[str, Callable[[], Address]] | None = None,
        environment: Mapping[str, str] = os.environ,
        env_place: Path | None = None,
        policy: Policy | None = None,
    ) -> None:
        self.configuration, self.ledger, self.student = configuration, ledger, student
        self.groups: Collection[str] = ()
        self._turns = _turns
        self._cache, self._policy = cache, policy or Policy()
        self._clients = Clients()
        self.offers = Offers(self._clients)
        self.candidates = Candidates(configuration, self.offers, addresses or {}, environment, env_place)
        self._breakers = {
            provider.name: Breaker(self._policy.failures, self._policy.rest)
            for provider in configuration.providers
        }

    def of(self, student: str, groups: Collection[str]) -> "Router":
        """The same providers, ledger and cache for another student, who has AT_ONCE calls of their own.

        `close` is the first one's.
        """
        other = copy(self)
        other.student, other.groups = student, groups
        other._turns = threading.BoundedSemaphore(AT_ONCE)
        return other

    def complete(
        self,
        call: Call,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
        *,
        streaming: bool = False,
    ) -> Answer:
        """The answer; blocks until it is there. Raises ProviderError.

        `progress` gets what happens on the way, where `streaming` the pieces of a text too; a set `cancel`
        ends the call within a moment.
        """
        return _Run(self, call, progress or _ignore, cancel, streaming=streaming).complete()

    def stream(self, call: Call, cancel: threading.Event | None = None) -> Iterator[Event]:
        """What happens as it happens, texts in pieces; the last event is the Answer.

        Raises ProviderError. Whoever stops reading stops the call.
        """
        return as_events(lambda progress, stop: self.complete(call, progress, stop, streaming=True), cancel)

    def choices(self, kind: Kind) -> list[Choice]:
        """Whom a person can choose. Asks each provider once an hour what it has: may take seconds."""
        return choices(self.candidates, kind, self.configuration.currency)

    def standing(self) -> Standing:
        """What the student has spent, and may spend still. Raises sqlite3.Error."""
        ledger = self.ledger
        budgets, entries = ledger.budgets(self.student, self.groups), ledger.entries(self.student)
        return Standing(ledger.currency, tuple(budgets), tuple(entries))

    def close(self) -> None:
        """Of the ledger, too, which is this router's own."""
        self._clients.close()
        self.ledger.close()

    def __enter__(self) -> "Router":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Run:
    """One call on its way through the providers."""

    def __init__(
        self,
        router: Router,
        call: Call,
        progress: Progress,
        cancel: threading.Event | None,
        *,
        streaming: bool,
    ) -> None:
        self.router, self.call, self.progress, self.cancel = router, call, progress, cancel
        self.streaming = streaming
        self.tried: list[Tried] = []
        self.errors: list[ProviderError] = []
        self.alerts: list[Alert] = []
        self.turn = ExitStack()
        self.has_turn = False

    def complete(self) -> Answer:
        given_up: set[str] = set()
        maybe_paid = False
        with self.turn:
            for candidate in self.router.candidates.of(self.call):
                name = candidate.provider.name
                if name in given_up or (maybe_paid and not candidate.provider.free):
                    continue
                try:
                    answer = self._ask(candidate)
                except ProviderError as error:
                    self._failed(error.at(name, candidate.model))
                    if error.scope == "call":
                        break
                    if error.scope == "provider":
                        given_up.add(name)
                    maybe_paid = maybe_paid or (error.maybe_charged and not candidate.provider.free)
                else:
                    return replace(answer, tried=tuple(self.tried), alerts=tuple(self.alerts))
        raise self._end()

    def _failed(self, error: ProviderError) -> None:
        self.errors.append(error)
        self.tried.append(Tried(error.provider, error.model, error.code, error.cost))
        self.progress(MovedOn(self.tried[-1]))

    def _end(self) -> ProviderError:
        """The error that says most: the only one, the one that ended the call, or all of them."""
        last = self.errors[-1]
        single = len(self.errors) == 1 or last.scope == "call"
        error = last if single else AllFailed(self.errors).at(last.provider, last.model)
        error.tried = tuple(self.tried)
        return error

    def _ask(self, candidate: Candidate) -> Answer:
        if candidate.error:
            raise candidate.error
        router, call, provider, work = self.router, self.call, candidate.provider, candidate.work
        key = None
        if router._cache and may_cache(call, work):
            key = fingerprint(call, provider.name, candidate.model, work.options)
            if hit := router._cache.get(key, call, router.configuration.currency):
                with answer_counts_more():
                    router.ledger.record_hit(
                        router.student, provider=provider.name, model=candidate.model, kind=call.kind
                    )
                return hit
        asked = candidate.asked()
        breaker = router._breakers[provider.name]
        self._take_turn()
        if not breaker.allows():
            raise Resting()
        answer = self._paid(candidate, asked, breaker)
        if key and router._cache:
            router._cache.put(key, answer)
        return answer

    def _paid(self, candidate: Candidate, asked: Asked, breaker: Breaker) -> Answer:
        """Ask, with the money set aside before and settled after, whatever happens in between."""
        router = self.router
        price = router.candidates.price(candidate)
        payment = Payment(
            router.ledger, self.call, candidate, price, router.configuration.currency, self.alerts
        )
        payment.set_aside(router.student, router.groups)
        replies: list[Reply] = []
        try:
            reply = self._retried(
                candidate, asked, breaker, payment.started + candidate.work.seconds, replies
            )
        except ProviderError as error:
            reply = replies[-1] if replies else Reply()
            if not error.maybe_charged:
                payment.give_back(error.code)
            else:
                error.cost = payment.settle(reply, error.code)
                if reply.text or reply.pictures:
                    error.partial = replace(reply.answer(asked.provider, asked.model), cost=error.cost)
            if isinstance(error, RetiredModel):
                raise self._retired(candidate) from None
            raise
        except BaseException:  # a mistake of ours, or the process is ending: it may have been paid
            payment.settle(Reply(), "interrupted")
            raise
        seconds = time.monotonic() - payment.started
        cost = payment.settle(reply, ANSWERED)
        answer = replace(reply.answer(asked.provider, asked.model), cost=cost, seconds=seconds)
        kept = candidate.work.seed and answer.pictures and self.call.n == 1
        return replace(answer, seeds=(self.call.seed,)) if kept and answer.seeds in ((), (None,)) else answer

    def _retried(
        self, candidate: Candidate, asked: Asked, breaker: Breaker, deadline: float, replies: list[Reply]
    ) -> Reply:
        sent_pieces = False

        def piece(text: str) -> None:
            nonlocal sent_pieces
            sent_pieces = True
            self.progress(Piece(text))

        def attempt() -> Reply:
            if self.cancel and self.cancel.is_set():
                raise Cancelled(maybe_charged=False)
            self.progress(Trying(asked.provider, asked.model))
            try:
                reply = ask(
                    self.router._clients,
                    asked,
                    self.call,
                    seconds=max(0.001, deadline - time.monotonic()),
                    cancel=self.cancel,
                    pieces=piece if self.streaming else None,
                )
                if reply.error:
                    replies.append(reply)
                    raise reply.error
            except ProviderError as error:
                if error.trips_breaker:
                    breaker.failed()
                elif not isinstance(error, Cancelled):
                    breaker.succeeded()
                if sent_pieces:
                    error.scope = "call"  # what a person has begun to read is not begun again by another
                raise
            breaker.succeeded()
            return reply

        def again(error: ProviderError) -> bool:
            return error.retry and not sent_pieces and (candidate.provider.free or not error.maybe_charged)

        def waits(error: ProviderError, seconds: float) -> None:
            self.progress(Retrying(asked.provider, asked.model, error.code, seconds))

        return with_retries(
            attempt, self.router._policy, deadline=deadline, again=again, waits=waits, cancel=self.cancel
        )

    def _retired(self, candidate: Candidate) -> RetiredModel:
        listed = self.router.candidates.listed(candidate)
        names = alternatives(candidate.model, listed, self.call.kind) if listed else []
        return RetiredModel(variant=".with" if names else ".without", alternatives=", ".join(names))

    def _take_turn(self) -> None:
        """At most AT_ONCE calls of this process (of a class: of this student) are under way; others wait."""
        if self.has_turn:
            return
        turns = self.router._turns
        if not turns.acquire(blocking=False):
            self.progress(Waiting())
            while not turns.acquire(timeout=_LOOK_SECONDS if self.cancel else None):
                if self.cancel and self.cancel.is_set():
                    raise Cancelled(maybe_charged=False)
        self.turn.callback(turns.release)
        self.has_turn = True


def _ignore(event: Event) -> None:
    """What happens to events nobody asked for."""
