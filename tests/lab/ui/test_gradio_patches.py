"""Gradio is imported whole but keeps no stub files: seen in a fresh process that has not imported it yet."""

import json
import subprocess
import sys

LOOK = """
import json, sys
from pathlib import Path
from lab.ui.gradio_patches import import_gradio
read = []
whole = Path.read_text
Path.read_text = lambda self, *a, **k: (read.append(self.suffix), whole(self, *a, **k))[1]
import_gradio()
import_gradio()
import gradio as gr
class Own(gr.Textbox):
    pass
with gr.Blocks() as demo:
    Own(label="name").change(lambda x: x)
print(json.dumps({"stubs": read.count(".pyi"), "dependencies": len(demo.fns), "finders": [
    type(finder).__name__ for finder in sys.meta_path if "Stub" in type(finder).__name__]}))
"""


def test_gradio_works_and_no_stub_file_is_read_or_written() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"stubs": 0, "dependencies": 1, "finders": []}
