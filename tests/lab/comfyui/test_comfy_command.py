"""`genai-lab comfy` as a process, and its memory."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2

import genai_lab
from lab.engine.local import LocalEngine


def test_the_command_says_where_it_answers_and_closes_on_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, genai_lab.__file__, "comfy", "--port", "0", "--folder", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:[0-9]+", said)
        assert address is not None, said
        with httpx2.Client(base_url=address[0]) as client:
            nodes = client.get("/object_info").json()
            assert nodes["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0] == [
                "mini.safetensors"
            ]
            assert client.post("/free", json={"unload_models": True}).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (0, -signal.SIGINT, 130)


def test_a_model_that_is_freed_is_read_again_when_next_asked(mini_is_tiny: Path) -> None:
    from tests.lab.engine.comfy.asking import request

    engine = LocalEngine()
    try:
        for _ in range(2):
            list(engine.submit(request(), model="mini").events())
            assert engine._loaded is not None
            engine.unload()
            assert engine._loaded is None
    finally:
        engine.close()
