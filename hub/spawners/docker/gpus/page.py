"""The instructors' page about GPUs, at `<hub>/gpus`: who holds which since when, and who waits."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from jupyterhub.handlers import BaseHandler
from jupyterhub.scopes import needs_scope
from markupsafe import Markup
from tornado import web

from exercises.i18n import Language, Translate, translator
from hub.language import language_of
from hub.spawners.docker.gpus.allocator import Allocator
from hub.spawners.docker.gpus.form import duration_text

RELOAD_SECONDS = 15

LastActivity = Callable[[str], datetime | None]  # of a holder's lab


class GpusHandler(BaseHandler):
    """Shows the page to those who may open the admin page. Others get 403, or the login page first."""

    def initialize(self, allocator: Allocator) -> None:
        self.allocator = allocator

    @web.authenticated
    @needs_scope("admin-ui")
    async def get(self) -> None:
        language = language_of(self)
        self.set_header("Refresh", str(RELOAD_SECONDS))
        self.set_header("Vary", "Accept-Language")
        html = await self.render_template(
            "gpus.html",
            language=language,
            title=translator("hub", language)("gpus.title"),
            content=page_content(self.allocator, language, self._last_activity, datetime.now(UTC)),
        )
        self.finish(html)

    def _last_activity(self, holder: str) -> datetime | None:
        """Return when the holder's lab was last used."""
        name, _, server = holder.partition("/")
        user = self.find_user(name)
        spawner = user.orm_spawners.get(server) if user else None
        moment: datetime | None = spawner.last_activity if spawner else None
        return moment.replace(tzinfo=UTC) if moment else None


def page_content(
    allocator: Allocator, language: Language, last_activity: LastActivity, now: datetime
) -> Markup:
    """Return the tables of leases and of the queue as HTML. Times are in UTC."""
    t = translator("hub", language)
    if not allocator.devices and not allocator.leases:
        return Markup("<p>{}</p>").format(t("gpus.none"))
    names = {device.id: device.name for device in allocator.devices}
    held = [
        (
            names.get(lease.device, lease.device),
            _holder_text(lease.holder),
            _time_text(lease.since, t),
            duration_text((now - lease.since).total_seconds(), t),
            _time_text(last_activity(lease.holder), t),
        )
        for lease in allocator.leases
    ]
    queue = [
        (
            str(place),
            _holder_text(waiter.holder),
            _time_text(waiter.since, t),
            _expected_wait(allocator, place, t),
        )
        for place, waiter in enumerate(allocator.queue, 1)
    ]
    free, places = sum(allocator.free_places().values()), len(allocator.devices) * allocator.share
    return Markup("<p>{}</p>{}{}<p>{}</p>").format(
        t("gpus.free", free=free, all=places),
        _table(t, "held", ("device", "student", "since", "for", "activity"), held, "nobody_holds"),
        _table(t, "line", ("place", "student", "since", "expected"), queue, "nobody_waits"),
        t("gpus.refreshed", seconds=RELOAD_SECONDS, time=_time_text(now, t)),
    )


def _table(
    t: Translate, title: str, heads: Iterable[str], rows: Sequence[tuple[str, ...]], empty: str
) -> Markup:
    if not rows:
        return Markup("<h2>{}</h2><p>{}</p>").format(t(f"gpus.{title}"), t(f"gpus.{empty}"))
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(t(f"gpus.{name}")) for name in heads)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row))
        for row in rows
    )
    return Markup(
        '<h2 id="gpus-{id}">{title}</h2><table class="table" aria-labelledby="gpus-{id}">'
        "<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    ).format(id=title, title=t(f"gpus.{title}"), head=head, body=body)


def _holder_text(holder: str) -> str:
    name, _, server = holder.partition("/")
    return f"{name} ({server})" if server else name


def _expected_wait(allocator: Allocator, place: int, t: Translate) -> str:
    seconds = allocator.estimate(place)
    return t("gpus.unknown") if seconds is None else duration_text(seconds, t)


def _time_text(moment: datetime | None, t: Translate) -> str:
    return t("gpus.unknown") if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
