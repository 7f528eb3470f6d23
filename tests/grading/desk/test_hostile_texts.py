"""Whatever a student, a grader or an assignment says is text on every page of the desk, and never markup."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from exercises.assignment import Assignment
from exercises.i18n import Bilingual
from exercises.kinds.base import RubricItem
from grading.class_.grade import read_grades
from grading.marks.mark import Comment, Mark, Passage
from grading.marks.store import Wanted
from manifests.answers import Answers, save_answers
from manifests.store import Store
from tests.grading.desk.serving import Fields, Served, answers_of, fill, make_class, serving
from tests.grading.wrong import edit

EVIL = (
    """<script>alert(1)</script><img src=x onerror=alert(1)>"'><svg onload=alert(1)>{{1234567*3}}{% raw %}"""
    """</textarea></title></style><a href="javascript:alert(1)">x</a>\u202e&lt;b&gt;"""
)
NAME = "<img src=x onerror=alert(1)>\"'{{1234567*3}}"
EVERYWHERE = ["sweep", "observations", "img2img", "remains", "code", "studio", "evaluation", "reflection"]


class Markup(HTMLParser):
    """The elements of a page, with what could run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.dangerous: list[str] = []
        self.text = ""
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        own_script = tag == "script" and values == {"src": "/static/desk.js", "defer": None}
        if (tag == "script" and not own_script) or tag in ("iframe", "object", "embed", "base", "style"):
            self.dangerous.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.dangerous.append(f"{tag} {name}")
            if name in ("href", "src", "action", "formaction") and not re.match(r"[/?#]", value or "/"):
                self.dangerous.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        self.text += data


def with_texts(value: object) -> object:
    """The same document with every text in it hostile; keys and what must be of one form stay."""
    if isinstance(value, dict):
        fixed = ("image", "language", "chosen", "scores", "total", "code")
        return {key: each if key in fixed else with_texts(each) for key, each in value.items()}
    if isinstance(value, list):
        return [with_texts(each) for each in value]
    return f"{value} and {EVIL}" if isinstance(value, str) else value


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, tp2: Assignment) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("hostile")
    subs = make_class(folder / "subs", tp2, [NAME, "bob"])
    answers = answers_of(subs, NAME)
    save_answers(subs / NAME / "tp2", Answers.model_validate(with_texts(answers.model_dump())))
    store = Store(subs / NAME, "tp2", NAME)
    for stem in ("smoke", "t2i_run02_steps15"):
        edit(store, stem, lambda manifest: manifest["request"].update(prompt=EVIL))
        edit(store, stem, lambda manifest: manifest["model"].update(id=EVIL[:150], repository=EVIL[:150]))
    item = RubricItem(id="evil", points=0.1, text=Bilingual(en=EVIL, fr=EVIL))
    exercises = tuple(e.model_copy(update={"rubric": (item,)}) for e in tp2.exercises)
    assignment = tp2.model_copy(update={"exercises": exercises, "title": Bilingual(en=EVIL, fr=EVIL)})
    with serving(subs, assignment, folder / "out") as running:
        yield running


def check(html: str, *, told: bool = True) -> None:
    markup = Markup()
    markup.feed(html)
    assert markup.dangerous == []
    assert "3703701" not in html  # no template reckons what a student wrote
    assert not told or "onerror=alert(1)" in markup.text


def test_no_page_runs_anything(hostile: Served) -> None:
    name = next(s.entry.name for s in hostile.desk.seats.current() if s.entry.name != "bob")
    assert name.startswith("<img")
    client = hostile.client(EVIL[:80])
    for exercise in EVERYWHERE:
        place = hostile.place(exercise, name)
        check(client.get(place).text)
        answer = fill(client, place, comment=EVIL, keep="1", quote=EVIL, flag="1")
        check(answer.text)
        assert answer.status_code == 200
    seat = next(s for s in hostile.desk.seats.current() if s.entry.name == name)
    mark = Mark(
        items=("evil",), points=0.1, reason=EVIL,
        comments=(Comment(text=EVIL, place=Passage(quote=EVIL)),),
    )  # fmt: skip
    wanted = [Wanted(name, c.id, seat.version(c.id), mark) for c in seat.grade.checks]
    hostile.desk.seats.store.save(EVIL[:80], wanted)
    for exercise in EVERYWHERE:
        check(client.get(hostile.place(exercise, name)).text)
        check(client.get(f"/groups/{exercise}").text, told=False)
    check(client.get("/").text)
    check(client.get(f"/{EVIL[:60]}").text, told=False)


def test_what_is_wrong_and_what_clashes_is_told_as_text(hostile: Served) -> None:
    client = hostile.client()
    name = next(s.entry.name for s in hostile.desk.seats.current() if s.entry.name != "bob")
    place = hostile.place("reflection", name)
    topic = "reflection/cost_quality/topic"
    check(fill(client, place, **{f"points:{topic}": EVIL}).text)
    seen = Fields.of(client.get(place).text, place).data
    fill(client, place, comment=EVIL, **{f"reason:{topic}": EVIL + "1"})
    late = client.post(
        place, data=seen | {"action": ["save"], f"reason:{topic}": [EVIL + "2"], "comment": [EVIL]}
    )
    assert late.status_code == 409
    check(late.text)


def test_groups_and_their_confirmation_show_texts(hostile: Served) -> None:
    client = hostile.client()
    check_id = "remains/kept/observed"
    page = client.get("/groups/remains", params={"check": check_id}).text
    check(page, told=False)
    data = {
        "word": Fields.of(client.get("/").text, "/names").data["word"],
        "check": [check_id],
        "member": [hostile.key("bob")],
        "points": ["0.1"],
        "reason": [EVIL],
    }
    check(client.post("/groups/remains", data=data).text)


def test_reports_and_changes_show_texts(hostile: Served) -> None:
    assert read_grades(hostile.out)
    for file in hostile.out.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert "<img src=x" not in text
        assert "<script" not in text
