"""The tab of lists: chosen, drawn, stopped, gone on with after a reload, and taken out."""

import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from manifests.store import Store
from tests.browser.conftest import RunningLab, StartLab, tab

OpenPage = Callable[..., Page]
COUNT = 24


def test_a_list_is_drawn_stopped_and_gone_on_with_after_a_reload(
    start_lab: StartLab, open_page: OpenPage, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    lab: RunningLab = start_lab(work)
    store = Store(work, "tp2", "jane.doe")
    file = tmp_path / "My bags.csv"
    rows = "".join(f"a red backpack on a gray background,{seed},4\n" for seed in range(COUNT))
    file.write_text("prompt,seed,steps\n" + rows)
    page = open_page(lab.page())
    tab(page, "List")
    page.locator("#generate-batch-list").click()
    expect(page.locator("#status-batch-list")).to_contain_text("No list yet")
    with page.expect_file_chooser() as chooser:
        page.locator("#upload-batch").click()
    chooser.value.set_files(file)
    expect(page.locator("#batch-said")).to_contain_text("Pictures in the list my_bags: 24.")
    expect(page.locator("#batch-rows tbody tr")).to_have_count(20)
    page.locator("#generate-batch-list").click()
    expect(page.locator("#status-batch-list")).to_contain_text(f"of {COUNT} drawn")
    expect(page.locator("#batch-rows img").first).to_be_visible()
    page.locator("#stop-batch-list").click()
    expect(page.locator("#status-batch-list")).to_contain_text("Stopped")
    done = len(store.records())
    assert 0 < done < COUNT
    page.reload()
    expect(page.locator("#batch-state")).to_contain_text(f"{done} of {COUNT}")
    expect(page.locator("#generate-batch-list")).to_have_text(f"Draw the {COUNT - done} missing")
    page.locator("#generate-batch-list").click()
    expect(page.locator("#batch-state")).to_contain_text(f"{COUNT} of {COUNT}")
    expect(page.locator("#status-batch-list")).to_contain_text("pictures done")
    assert len(store.records()) == COUNT
    with page.expect_download() as sent:
        page.locator("#batch-zip").click()
    with zipfile.ZipFile(sent.value.path()) as archive:
        assert len(archive.namelist()) == 2 * COUNT


def test_a_list_that_cannot_be_is_refused_where_it_was_given(
    start_lab: StartLab, open_page: OpenPage, tmp_path: Path
) -> None:
    lab = start_lab(tmp_path)
    page = open_page(lab.page("fr", "batch-list"))
    file = tmp_path / "bad.csv"
    file.write_text("prompt,steps\n<b id=injected>x</b>,900\n")
    with page.expect_file_chooser() as chooser:
        page.locator("#upload-batch").click()
    chooser.value.set_files(file)
    expect(page.locator("#batch-said [role=alert]")).to_contain_text("Ligne 2, steps")
    file.write_text("prompt,steps\n<b id=injected>x</b>,9\n")
    with page.expect_file_chooser() as chooser:
        page.locator("#upload-batch").click()
    chooser.value.set_files(file)
    expect(page.locator("#batch-rows")).to_contain_text("<b id=injected>")
    assert page.locator("#injected").count() == 0
