"""`genai-lab batch`: resumed after any kill, nothing twice; a Ctrl-C that cuts nothing in two."""

import json
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from lab.cli.batch import batch
from manifests.chain import verify_chain
from manifests.settings import WorkSettings
from manifests.store import Store

COUNT, KILLS = 30, 3  # a hundred pictures and ten kills are `benchmarks/batch_kills.py`


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "bags.csv"
    rows = "".join(f"a red bag,{seed},12,64,64\n" for seed in range(COUNT))
    file.write_text("prompt,seed,steps,width,height\n" + rows)
    return file


def store_of(work: Path) -> Store:
    return Store(work, "tp2", WorkSettings().student)


def begin(file: Path, work: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "genai_lab", "batch", str(file), "--work", str(work)])


def test_a_batch_that_is_killed_again_and_again_ends_with_each_picture_once(
    file: Path, tmp_path: Path, mini_is_tiny: Path
) -> None:
    work, chance = tmp_path / "work", random.Random(3)
    outputs = work / "tp2" / "outputs"
    for _ in range(KILLS):
        before = len(list(outputs.glob("*.json")))
        process = begin(file, work)
        while len(list(outputs.glob("*.json"))) == before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.random() * 0.2)
        process.kill()
        process.wait()
    assert begin(file, work).wait() == 0
    assert sorted(record.manifest.run for record in store_of(work).records()) == [
        f"batch_bags_{n:04}" for n in range(1, COUNT + 1)
    ]


def test_ctrl_c_stops_at_once_keeps_what_is_whole_and_says_how_to_go_on(
    file: Path, tmp_path: Path, mini_is_tiny: Path
) -> None:
    work = tmp_path / "work"
    command = [sys.executable, "-m", "genai_lab", "batch", str(file), "--work", str(work)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not list((work / "tp2" / "outputs").glob("*.json")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Run it again" in said
    store = store_of(work)
    assert 0 < len(store.records()) < COUNT
    assert verify_chain([record.manifest for record in store.records()]) == []


def test_a_list_gives_one_document_a_sheet_a_table_and_a_zip(tmp_path: Path, mini_is_tiny: Path) -> None:
    file = tmp_path / "two.csv"
    file.write_text("prompt,steps,width,height\na red bag,2,64,64\na blue bag,2,64,64\n")
    sheet, rows, archive = tmp_path / "sheet.png", tmp_path / "rows.csv", tmp_path / "all.zip"
    options = ["--sheet", sheet, "--table", rows, "--zip", archive, "--work", tmp_path / "work"]
    app = typer.Typer()
    app.command()(batch)
    result = CliRunner().invoke(app, [str(file), *map(str, options), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert [row["number"] for row in told["rows"]] == [1, 2]
    assert all(Path(row["image"]).is_file() for row in told["rows"])
    assert Image.open(sheet).size[0] > 2 * 192
    assert len(rows.read_text().splitlines()) == 3
    with zipfile.ZipFile(archive) as zipped:
        assert sorted(name.rpartition(".")[2] for name in zipped.namelist()) == ["json", "json", "png", "png"]


def test_a_list_that_cannot_be_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("prompt,steps\nx,900\n")
    for each in (file, tmp_path / "none.csv"):
        process = subprocess.run(
            [sys.executable, "-m", "genai_lab", "batch", str(each)], capture_output=True, text=True
        )
        assert process.returncode == 2
        assert len(process.stderr.splitlines()) == 1
