"""`wall.sqlite` and `wall/`: the works that students show to their class, and who likes which.

Rule: a work is its author's: taken down, its picture and its votes are gone, and what was made of it keeps
its name alone. One vote a person and work. What an instructor hides, its author still sees, and is told so.
"""

import io
import secrets
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from exercises.parameters import Mode
from manifests.atomic import write_atomic
from manifests.pictures import open_picture, to_rgb
from manifests.wall import MAX_PICTURE, MOST_EACH, Origin, Settings, Shown, Wall, Work
from manifests.xmp import packet, source_type_of

SIDE = 768  # pixels of a work's longer side on the wall, at most
QUALITY = 90
SCHEMA = """
create table if not exists works (
    number integer primary key,
    id text not null unique, author text not null, title text not null, shown_as text not null,
    made_by text not null, time text not null, hidden integer not null default 0,
    origin text, origin_title text, origin_shown_as text
);
create table if not exists votes (
    work text not null references works (id) on delete cascade, person text not null,
    primary key (work, person)
);
"""


class TooMany(Exception):
    """The student shows as many works as one may."""


class NoSuchWork(Exception):
    """There is none of that id, or none that this person may see or act upon."""


class WallStore:
    """May be used from several threads and processes."""

    def __init__(self, state: Path) -> None:
        self._file, self._pictures = state / "wall.sqlite", state / "wall"
        self._pictures.mkdir(mode=0o700, exist_ok=True)
        with closing(self._open()) as database:
            database.executescript(SCHEMA)

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._file, timeout=30)
        database.row_factory = sqlite3.Row
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")
        database.execute("pragma foreign_keys = on")
        return database

    def show(self, author: str, shown: Shown, picture: bytes) -> str:
        """Put a work on the wall; its id. Raises TooMany, NoSuchWork (its origin), PictureError."""
        data, work = wall_picture(picture, shown.made_by.mode), secrets.token_hex(8)
        path = self._pictures / f"{work}.webp"
        with closing(self._open()) as database, database:
            database.execute("begin immediate")
            (own,) = database.execute("select count(*) from works where author = ?", (author,)).fetchone()
            if own >= MOST_EACH:
                raise TooMany
            origin = self._visible(database, shown.remix_of, author) if shown.remix_of else None
            write_atomic(path, data)  # first: a work without a picture is never seen
            database.execute(
                "insert into works (id, author, title, shown_as, made_by, time, origin, origin_title,"
                " origin_shown_as) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    work,
                    author,
                    shown.title,
                    shown.shown_as,
                    shown.made_by.model_dump_json(),
                    datetime.now(UTC).isoformat(),
                    *((origin["id"], origin["title"], origin["shown_as"]) if origin else (None, None, None)),
                ),
            )
        return work

    def take_down(self, work: str, author: str) -> None:
        """The author takes a work back. Raises NoSuchWork.

        The picture goes first: were this ended in between, the author still sees the work, and does it again.
        """
        with closing(self._open()) as database, database:
            query = "delete from works where id = ? and author = ?"
            if not database.execute(query, (work, author)).rowcount:
                raise NoSuchWork
            (self._pictures / f"{work}.webp").unlink(missing_ok=True)

    def forget(self, person: str) -> int:
        """Erase a person's works and votes, and their name in others' works; how many there were."""
        with closing(self._open()) as database, database:
            database.execute("begin immediate")
            own = [row["id"] for row in database.execute("select id from works where author = ?", (person,))]
            for work in own:
                database.execute("update works set origin_shown_as = '' where origin = ?", (work,))
                (self._pictures / f"{work}.webp").unlink(missing_ok=True)  # first, as in `take_down`
            database.execute("delete from works where author = ?", (person,))
            return len(own) + database.execute("delete from votes where person = ?", (person,)).rowcount

    def hide(self, work: str, hidden: bool) -> None:
        """An instructor hides a work from the class, or shows it again. Raises NoSuchWork."""
        with closing(self._open()) as database, database:
            query = "update works set hidden = ? where id = ?"
            if not database.execute(query, (hidden, work)).rowcount:
                raise NoSuchWork

    def vote(self, work: str, person: str, wanted: bool) -> None:
        """A person likes somebody else's work, or no longer. Raises NoSuchWork."""
        with closing(self._open()) as database, database:
            database.execute("begin immediate")
            if self._visible(database, work, person)["author"] == person:
                raise NoSuchWork
            if wanted:
                database.execute("insert or ignore into votes values (?, ?)", (work, person))
            else:
                database.execute("delete from votes where work = ? and person = ?", (work, person))

    def picture(self, work: str, person: str, teaches: bool) -> bytes:
        """A work's WebP. Raises NoSuchWork."""
        with closing(self._open()) as database:
            self._visible(database, work, person, teaches)
        try:
            return (self._pictures / f"{work}.webp").read_bytes()
        except FileNotFoundError as error:
            raise NoSuchWork from error

    def wall(self, person: str, teaches: bool) -> Wall:
        """What this person sees, the newest first."""
        with closing(self._open()) as database:
            rows = database.execute(
                "select works.*, count(votes.person) as votes,"
                " coalesce(max(votes.person = :person), 0) as voted"
                " from works left join votes on votes.work = works.id"
                " where not hidden or author = :person or :teaches"
                " group by works.number order by works.number desc",
                {"person": person, "teaches": teaches},
            ).fetchall()
        return Wall(works=tuple(_work(row, person, teaches) for row in rows), teaches=teaches)

    def _visible(
        self, database: sqlite3.Connection, work: str, person: str, teaches: bool = False
    ) -> sqlite3.Row:
        row: sqlite3.Row | None = database.execute(
            "select * from works where id = ? and (not hidden or author = ? or ?)", (work, person, teaches)
        ).fetchone()
        if row is None:
            raise NoSuchWork
        return row


def _work(row: sqlite3.Row, person: str, teaches: bool) -> Work:
    mine = row["author"] == person
    origin = None
    if row["origin"]:
        origin = Origin(id=row["origin"], title=row["origin_title"], shown_as=row["origin_shown_as"])
    return Work(
        id=row["id"],
        title=row["title"],
        shown_as=row["shown_as"],
        made_by=Settings.model_validate_json(row["made_by"]),
        remix_of=origin,
        time=datetime.fromisoformat(row["time"]),
        votes=row["votes"],
        voted=bool(row["voted"]),
        mine=mine,
        hidden=bool(row["hidden"]),
        author=row["author"] if mine or teaches else None,
    )


def wall_picture(data: bytes, mode: Mode) -> bytes:
    """A WebP of at most SIDE pixels, made anew: nothing sent with the pixels stays. Raises PictureError."""
    picture, out = to_rgb(open_picture(data, max_bytes=MAX_PICTURE)), io.BytesIO()
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    picture.save(out, "WEBP", quality=QUALITY, xmp=packet(source_type_of(mode)))
    return out.getvalue()
