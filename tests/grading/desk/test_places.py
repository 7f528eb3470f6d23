"""A person judges at the desk: what is saved, what is refused, and what two people at once get."""

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from exercises.loader import load_assignment
from grading.class_.collected import INDEX, Collection, StoredSnapshot
from grading.class_.grade import grade_class
from grading.desk.seats import Seat
from grading.marks.lines import LINES, from_lines
from manifests.answers import save_answers
from manifests.store import Store
from tests.grading.corpus import HONEST
from tests.grading.desk.serving import Fields, Served, answers_of, fill, serving, with_fields
from tests.grading.good import EARNED
from tests.grading.wrong import again

TOPIC = "reflection/cost_quality/topic"
LINES_CHECK = "reflection/text/lines"


def points_of(served: Served, student: str, check: str) -> float:
    seat = next(seat for seat in served.desk.seats.current() if seat.entry.name == student)
    return next(each.points for each in seat.grade.checks if each.id == check)


def test_an_item_is_given_and_counts_at_once_and_after_the_next_grade(
    served: Served, subs: Path, tp2: Assignment
) -> None:
    client = served.client()
    place = served.place("reflection", "alice")
    answer = fill(client, place, **{f"items:{TOPIC}": ["stated"]})
    assert answer.status_code == 200
    assert "13.57 by the checks + 0.25 by people = 13.82 of 20" in answer.text
    assert points_of(served, "alice", TOPIC) == 0.25
    grades = {g.student: g for g in grade_class(subs, tp2, served.out, language="en")}
    assert grades["alice"].total == 13.82
    [decision] = served.desk.seats.store.history("alice", TOPIC)
    assert (decision.author, decision.mark.items) == ("ann", ("stated",))


def test_only_what_was_touched_is_written(served: Served) -> None:
    client = served.client()
    fill(client, served.place("reflection", "alice"))
    assert served.desk.seats.store.everything() == []


def test_points_of_the_program_are_overridden_with_a_reason_only(served: Served) -> None:
    client = served.client()
    place = served.place("reflection", "alice")
    refused = fill(client, place, **{f"points:{LINES_CHECK}": "0,25", "comment": "as typed"})
    assert refused.status_code == 400
    assert "need a reason" in refused.text
    assert "as typed" in refused.text, "what was typed is still there"
    assert served.desk.seats.store.everything() == []
    fill(client, place, **{f"points:{LINES_CHECK}": "0,25", f"reason:{LINES_CHECK}": "half is a quotation"})
    assert points_of(served, "alice", LINES_CHECK) == 0.25


@pytest.mark.parametrize("typed", ["many", "-1", "0.51", "nan", "1e9", "٣"])
def test_what_is_no_number_of_points_is_told_and_nothing_is_saved(served: Served, typed: str) -> None:
    answer = fill(served.client(), served.place("reflection", "alice"), **{f"points:{TOPIC}": typed})
    assert answer.status_code == 400
    assert "Nothing was saved" in answer.text
    assert served.desk.seats.store.everything() == []


def test_the_second_of_two_sees_both_versions_and_overwrites_nothing(served: Served) -> None:
    ann, ben = served.client("ann"), served.client("ben")
    place = served.place("reflection", "alice")
    seen = Fields.of(ben.get(place).text, place).data
    fill(ann, place, **{f"items:{TOPIC}": ["argued"]})
    late = ben.post(
        place,
        data=with_fields(seen, "save", **{f"items:{TOPIC}": ["stated"], "comment": "ben was here"}),
    )
    assert late.status_code == 409
    for words in ("Argued, with an example", "Stated without an example", "ann,"):
        assert words in late.text
    assert points_of(served, "alice", TOPIC) == 0.5
    assert served.desk.seats.store.history("alice", "reflection") == [], "all of it or nothing"
    form = Fields.of(late.text, place).data
    kept = ben.post(place, data=form | {"action": ["resolve"]})
    assert kept.status_code == 200
    assert points_of(served, "alice", TOPIC) == 0.5
    assert "ben was here" in kept.text, "what did not clash is saved"
    form[f"choose:{TOPIC}"] = ["mine"]
    ben.post(place, data=form | {"action": ["resolve"], "rest": ["[]"]})
    assert points_of(served, "alice", TOPIC) == 0.25
    assert [d.author for d in served.desk.seats.store.history("alice", TOPIC)] == ["ann", "ben"]


def test_who_decides_on_a_conflict_is_not_faster_than_a_third(served: Served) -> None:
    ann, ben = served.client("ann"), served.client("ben")
    place = served.place("reflection", "alice")
    seen = Fields.of(ben.get(place).text, place).data
    fill(ann, place, **{f"items:{TOPIC}": ["argued"]})
    late = ben.post(place, data=with_fields(seen, "save", **{f"items:{TOPIC}": ["stated"]}))
    form = Fields.of(late.text, place).data | {"action": ["resolve"], f"choose:{TOPIC}": ["mine"]}
    fill(ann, place, **{f"items:{TOPIC}": ["not_touched"]})
    assert ben.post(place, data=form).status_code == 409
    assert points_of(served, "alice", TOPIC) == 0


def test_comments_of_two_people_at_once_are_both_kept(served: Served) -> None:
    ann, ben = served.client("ann"), served.client("ben")
    place = served.place("reflection", "alice")
    seen = Fields.of(ben.get(place).text, place).data
    fill(ann, place, comment="from ann")
    late = ben.post(place, data=with_fields(seen, "save", comment="from ben"))
    form = Fields.of(late.text, place).data
    done = ben.post(place, data=form | {"action": ["resolve"]})
    assert "from ann" in done.text
    assert "from ben" in done.text


def test_undo_brings_back_what_was_before_and_is_part_of_the_history(served: Served) -> None:
    client = served.client()
    place = served.place("reflection", "alice")
    fill(client, place, **{f"items:{TOPIC}": ["argued"]})
    fill(client, place, **{f"items:{TOPIC}": ["stated"]})
    fill(client, place, action=f"undo:{TOPIC}")
    assert points_of(served, "alice", TOPIC) == 0.5
    assert "History (3)" in client.get(place).text
    fill(client, place, action=f"undo:{TOPIC}")
    fill(client, place, action=f"undo:{TOPIC}")
    assert points_of(served, "alice", TOPIC) == 0
    assert len(served.desk.seats.store.history("alice", TOPIC)) == 4


def test_comments_are_on_a_passage_on_a_place_in_a_picture_and_of_the_bank(served: Served) -> None:
    client = served.client()
    place = served.place("reflection", "alice")
    fill(client, place, comment="Well seen.", quote="textures stay rough", keep="1")
    sha = next(iter(_shas(client.get(place).text)))
    fill(client, place, comment="Here.", spot=sha, x="0.25", y="0.75")
    fill(client, place, action="bank:Well seen.")
    comments = served.desk.seats.store.history("alice", "reflection")[-1].mark.comments
    assert [c.text for c in comments] == ["Well seen.", "Here.", "Well seen."]
    places = [json.loads(c.place.model_dump_json()) if c.place else None for c in comments]
    assert places[0] == {"kind": "passage", "quote": "textures stay rough"}
    assert places[1] == {"kind": "spot", "picture": sha, "x": 0.25, "y": 0.75}
    html = client.get(place).text
    assert 'cx="25.0"' in html
    assert '<button name="action" value="bank:Well seen."' in html
    fill(client, place, action="remove:0")
    comments = served.desk.seats.store.history("alice", "reflection")[-1].mark.comments
    assert [c.text for c in comments] == ["Here.", "Well seen."]


def _shas(html: str) -> set[str]:
    return set(re.findall(r'data-sha="([0-9a-f]{64})"', html))


def test_pictures_come_written_anew_and_nothing_else_does(served: Served) -> None:
    client = served.client()
    key = served.key("alice")
    shas = _shas(client.get(served.place("img2img", "alice")).text)
    assert len(shas) == 4, "three runs and the source photo"
    for sha in shas:
        answer = client.get(f"/picture/{key}/{sha}")
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG")
        assert b"genai-lab" not in answer.content
    foreign = next(iter(_shas(client.get(served.place("img2img", "bob")).text)))
    assert client.get(f"/picture/{key}/{foreign}").status_code == 404
    assert client.get(f"/picture/{key}/answers.json").status_code == 404


def test_saving_goes_to_the_next_that_is_open_and_the_filters_show_what_they_say(
    served: Served, subs: Path
) -> None:
    client = served.client()
    assert client.get("/").text.count("0 of 3") == 5
    order = ["alice", "bob", "Marie Dupont"]
    answer = client.get(served.place("reflection", "alice"))
    for number, name in enumerate(order):
        checks = [c.id for c in _seat(served, name).checks("reflection") if c.needs_person]
        given: dict[str, str | list[str]] = {f"points:{check}": "0.5" for check in checks}
        answer = fill(client, f"{served.place('reflection', name)}?by=question&show=open", "next", **given)
        if number < 2:
            assert str(answer.url).split("?")[0].endswith(served.place("reflection", order[number + 1]))
    assert f"/mark/observations/{served.key('alice')}" in str(answer.url), "the first still open"
    html = client.get("/").text
    assert html.count("3 of 3") == 1
    assert '<th scope="row">ann</th><td class="number">9</td><td class="number">3</td>' in html


def _seat(served: Served, student: str) -> Seat:
    return next(seat for seat in served.desk.seats.current() if seat.entry.name == student)


def test_late_and_flagged_work_is_found_by_its_filter(tmp_path: Path, subs: Path, tp2: Assignment) -> None:
    due = datetime(2026, 11, 20, tzinfo=UTC)
    (subs / "bob").rename(tmp_path / "bob")
    (subs / "bob").mkdir()
    shutil.make_archive(str(subs / "bob" / "work"), "zip", tmp_path / "bob")
    snapshot = StoredSnapshot(
        student="bob", file="bob/work.zip", bytes=1, sha256="0" * 64, collected=due, handed_in=None,
        changed=due + timedelta(hours=2), due=due, late=True, late_seconds=7200,
    )  # fmt: skip
    collection = Collection(assignment="tp2", snapshots=[snapshot])
    (subs / INDEX).write_text(collection.model_dump_json(by_alias=True))
    with serving(subs, tp2, tmp_path / "out") as served:
        client = served.client()
        fill(client, served.place("code", "alice"), flag="1")
        html = client.get("/").text
        for show, name in (("late", "bob"), ("flagged", "alice")):
            assert f"/{served.key(name)}?by=student&show={show}" in html
        assert "Late by 0 d 2 h 0 min" in client.get(served.place("code", "bob")).text


def test_like_answers_are_given_an_item_only_after_all_were_shown(
    tmp_path: Path, subs: Path, tp2: Assignment
) -> None:
    check = "observations/steps/observed"
    for name in ("alice", "bob"):
        answers = answers_of(subs, name)
        words = "more steps cost more time but hardly change what one sees"
        answers.observations["observations"].conclusions["steps"] = f"{name} thinks {words}"
        save_answers(subs / name / "tp2", answers)
    with serving(subs, tp2, tmp_path / "out") as served:
        client = served.client()
        page = client.get("/groups/observations", params={"check": check})
        assert "Alike: 2" in page.text
        data = {
            "word": Fields.of(page.text, "/groups/").data["word"],
            "check": [check],
            "member": [served.key("alice"), served.key("bob")],
            "items": ["effect_only"],
        }
        asked = client.post("/groups/observations", data=data)
        assert "alice thinks" in asked.text
        assert "bob thinks" in asked.text
        assert served.desk.seats.store.everything() == []
        form = Fields.of(asked.text, "/groups/").data
        fill(client, served.place("observations", "bob"), **{f"points:{check}": "0.1"})
        assert client.post("/groups/observations", data=form).status_code == 409
        assert served.desk.seats.store.history("alice", check) == [], "one was judged meanwhile, so nobody is"
        form["member"] = [served.key("alice")]
        client.post("/groups/observations", data=form)
        assert points_of(served, "alice", check) == 0.25
        assert points_of(served, "bob", check) == 0.1


def test_hidden_names_are_nowhere_until_they_are_released(served: Served, subs: Path) -> None:
    client = served.client()
    answers = answers_of(subs, "Marie Dupont")
    answers.reflection = f"I am MARIE, and dupont is my name; alice helped me.\n{answers.reflection}"
    save_answers(subs / "Marie Dupont" / "tp2", answers)
    word = Fields.of(client.get("/").text, "/names").data
    client.post("/names", data=word | {"hide": ["yes"]})
    pages = [client.get("/").text, client.get("/groups/observations").text]
    for seat in served.desk.seats.current():
        for exercise in served.desk.seats.assignment.exercises:
            pages.append(client.get(f"/mark/{exercise.id}/{seat.key}").text)
    fill(client, served.place("reflection", "alice"), comment="Well")
    pages.append(client.get(f"/{LINES}").text)
    for html in pages:
        for name in ("alice", "bob", "Marie", "Dupont"):
            assert name.casefold() not in html.casefold()
    assert any("I am Student" in html for html in pages)
    client.post("/names", data=word | {"hide": ["no"]})
    assert "I am MARIE" in client.get(served.place("reflection", "Marie Dupont")).text


def test_a_rubric_changed_in_its_file_changes_the_desk_and_a_broken_one_is_told(
    tmp_path: Path, subs: Path, tp2: Assignment
) -> None:
    folder = tmp_path / "own" / "tp2"
    shutil.copytree(tp2.folder, folder)
    own = load_assignment(folder)
    with serving(subs, own, tmp_path / "out") as served:
        client = served.client()
        place = served.place("reflection", "alice")
        fill(client, place, **{f"items:{TOPIC}": ["stated"]})
        file = folder / "assignment.toml"
        text = file.read_text(encoding="utf-8")
        assert text.count('id = "stated"\npoints = 0.25') == 1
        file.write_text(text.replace('id = "stated"\npoints = 0.25', 'id = "stated"\npoints = 0.4'))
        assert "+ 0.4 by people" in client.get(place).text
        file.write_text(text.replace('id = "stated"\npoints = 0.25', 'id = "stated"\npoints = "x"'))
        html = client.get(place).text
        assert "cannot be read now" in html
        assert "+ 0.4 by people" in html


def test_what_is_not_as_planned_stands_beside_the_plan(tmp_path: Path, subs: Path, tp2: Assignment) -> None:
    again("t2i_run02_steps15", steps=17)(Store(subs / "alice", "tp2", "alice"))
    with serving(subs, tp2, tmp_path / "out") as served:
        html = served.client().get(served.place("sweep", "alice")).text
    assert '<th scope="row">steps</th><td>15</td><td>17</td>' in html
    assert "How the work went" in html


def test_the_export_is_the_history(served: Served) -> None:
    client = served.client()
    fill(client, served.place("reflection", "alice"), **{f"items:{TOPIC}": ["stated"]})
    told = list(from_lines(client.get(f"/{LINES}").content))
    assert told == served.desk.seats.store.everything()


def test_another_name_is_confirmed_at_the_desk_and_counts_with_the_next_grade(
    tmp_path: Path, subs: Path, tp2: Assignment
) -> None:
    HONEST["two-machines"](subs, "jo")
    with serving(subs, tp2, tmp_path / "out") as served:
        client = served.client()
        place = served.place("smoke", "jo")
        assert "jo-laptop is the same student" in client.get(place).text
        answer = fill(client, place, "confirm:jo-laptop")
        assert "is the same student" not in answer.text
    grades = {g.student: g for g in grade_class(subs, tp2, tmp_path / "out", language="en")}
    assert grades["jo"].points == EARNED
