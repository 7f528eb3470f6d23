"""Importing Gradio without what it does only for editors: half of its time.

While each of its components is defined, Gradio 6 parses that component's source to keep a stub file
(`.pyi`) beside it up to date, which costs a second of a processor at every start. Labs of a whole class
start at once, so that is not done here; nothing at run time reads those files.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

META = "gradio.component_meta"
WRITER = "create_or_modify_pyi"


def import_gradio() -> None:
    """Import it, if it is not there yet; a Gradio that writes no such files is imported as it is."""
    if "gradio" in sys.modules:
        return
    finder = _WithoutStubs()
    sys.meta_path.insert(0, finder)
    try:
        import gradio  # noqa: F401
    finally:
        sys.meta_path.remove(finder)


class _WithoutStubs(MetaPathFinder):
    """Finds the one module, as everybody else does, and takes the writer of stubs out once it is loaded."""

    _looking = False

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != META or self._looking:
            return None
        self._looking = True
        spec = find_spec(name)
        loader = spec.loader if spec else None
        if spec is None or loader is None:
            return spec
        load = loader.exec_module

        def load_without(module: ModuleType) -> None:
            load(module)
            if hasattr(module, WRITER):
                setattr(module, WRITER, lambda *_: None)

        loader.exec_module = load_without  # type: ignore[method-assign]
        return spec
